import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../../platform/sync-folder';
import { Breather } from './breather';
import type { CapturedPacket } from './packet-ring';
import { PcapngWriter } from './pcapng';

/** Written at once, in bytes. */
const chunkSize = 1024 * 1024;

/**
 * Writes packets as a pcapng file, which is there as a whole or not at all.
 *
 * @param fits which of them are written
 * @param nameOf a port's name as a person reads it
 * @returns how many packets it has in it
 * @throws the errors of `node:fs`
 */
export async function savePcapng(
  path: string,
  packets: Iterable<CapturedPacket>,
  fits: (packet: CapturedPacket) => boolean,
  snapLength: number,
  nameOf: (port: string) => string,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const writer = new PcapngWriter(nameOf, snapLength);
  let count = 0;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      let waiting = [writer.begin()];
      let size = 0;
      const breather = new Breather();
      for (const packet of packets) {
        if (breather.isDue) await breather.rest();
        if (!fits(packet)) continue;
        count++;
        for (const block of writer.packet(packet)) {
          waiting.push(block);
          size += block.length;
        }
        if (size < chunkSize) continue;
        await handle.writeFile(Buffer.concat(waiting));
        waiting = [];
        size = 0;
      }
      await handle.writeFile(Buffer.concat(waiting));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return count;
}
