import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/helpers/temp-folder';
import { VirtualClock } from '../testing/virtual-clock';
import { maxTransfersPerCard, TftpServer } from './server';

const guest = { mac: 1, address: 0x0a000001 };

describe('the TFTP server', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let clock: VirtualClock;
  let server: TftpServer;
  let sent: { port: number; fromPort: number; message: Buffer }[];

  beforeEach(async () => {
    folder = await temporaryFolder('tftp');
    await mkdir(join(folder.path, 'root', 'sub'), { recursive: true });
    await writeFile(join(folder.path, 'root', 'sub', 'boot.bin'), Buffer.alloc(5000, 'abc'));
    await writeFile(join(folder.path, 'root', 'even'), Buffer.alloc(1024, 'x'));
    await writeFile(join(folder.path, 'root', 'empty'), '');
    await writeFile(join(folder.path, 'secret'), 'secret');
    await symlink(join(folder.path, 'secret'), join(folder.path, 'root', 'link'));
    clock = new VirtualClock();
    sent = [];
    server = new TftpServer({
      clock,
      mtu: 1500,
      folder: () => join(folder.path, 'root'),
      send: (to, fromPort, message) => sent.push({ port: to.port, fromPort, message: Buffer.from(message) }),
    });
  });
  afterEach(async () => {
    server.close();
    await folder.remove();
  });

  const tell = (data: Buffer, port = 1000, toPort = 69, source = guest.address): boolean =>
    server.receive(
      { source, sourcePort: port, destination: 2, destinationPort: toPort, data },
      { mac: guest.mac, card: 'a' },
    );
  const request = (
    file: string,
    options: Record<string, string> = {},
    operation = 1,
    mode = 'octet',
  ): Buffer =>
    Buffer.concat([
      Buffer.of(0, operation),
      Buffer.from([file, mode, ...Object.entries(options).flat(), ''].join('\0')),
    ]);
  const answered = (count: number): Promise<void> =>
    expect.poll(() => sent.length, { interval: 1 }).toBe(count);
  const acknowledge = (block: number): boolean =>
    tell(Buffer.of(0, 4, block >>> 8, block & 255), 1000, sent.at(-1)?.fromPort);
  /** Reads a file as a guest does, losing nothing. */
  const read = async (file: string, options: Record<string, string> = {}): Promise<Buffer> => {
    sent.length = 0;
    tell(request(file, options));
    const pieces: Buffer[] = [];
    for (let count = 1; ; count++) {
      await answered(count);
      const { message } = sent.at(-1)!;
      const [operation, block] = [message.readUInt16BE(0), message.readUInt16BE(2)];
      if (operation === 5) throw new Error(message.toString('utf8', 4, message.length - 1));
      const size = Number(options['blksize'] ?? 512);
      if (operation === 3) pieces.push(message.subarray(4));
      acknowledge(operation === 6 ? 0 : block);
      if (operation === 3 && message.length - 4 < size) return Buffer.concat(pieces);
    }
  };

  it('sends files whole, also those that end with a block, and those with nothing in them', async () => {
    expect((await read('sub/boot.bin')).equals(Buffer.alloc(5000, 'abc'))).toBe(true);
    expect((await read('/sub\\boot.bin')).length).toBe(5000);
    expect((await read('even')).length).toBe(1024);
    expect((await read('empty')).length).toBe(0);
    expect(server.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('agrees on blocks that fit into a packet, and tells the size', async () => {
    expect((await read('sub/boot.bin', { blksize: '1000', tsize: '0' })).length).toBe(5000);
    expect(sent[0]?.message.toString('latin1', 2)).toBe('blksize\x001000\0tsize\x005000\0');
    sent.length = 0;
    tell(request('even', { BLKSIZE: '60000' }), 1001);
    await answered(1);
    expect(sent[0]?.message.toString('latin1', 2)).toBe('blksize\x001468\0');
  });

  it('repeats what was lost, answers no double, and gives up in the end', async () => {
    tell(request('sub/boot.bin'));
    await answered(1);
    clock.advance(1000);
    expect(sent.map(({ message }) => message.readUInt16BE(2))).toEqual([1, 1]);
    acknowledge(1);
    await answered(3);
    acknowledge(1);
    acknowledge(7);
    clock.advance(500);
    expect(sent).toHaveLength(3);
    clock.advance(60_000);
    expect([server.size, clock.pending]).toEqual([0, 0]);
    expect(sent.length).toBeLessThan(15);
  });

  it.each([
    '../secret',
    'sub/../../secret',
    'link',
    '/etc/passwd',
    '',
    'sub',
    'nothing',
    'a\\..\\..\\secret',
  ])('gives out nothing but what is in its folder: %s', async (file) => {
    await expect(read(file)).rejects.toThrow('no such file');
  });

  it('takes no files, and bounds what one guest can make it hold', async () => {
    tell(request('new', {}, 2));
    expect(sent[0]?.message.readUInt16BE(2)).toBe(2);
    // Whatever addresses it pretends to have.
    for (let port = 2000; port < 2100; port++) {
      tell(request('sub/boot.bin'), port, 69, guest.address + (port % 50));
    }
    await expect.poll(() => server.size).toBe(maxTransfersPerCard);
    for (const junk of ['', '\0', '\0\x01', '\0\x01a', '\0\x01a\0octet', '\0\x03\0\x01']) {
      expect(tell(Buffer.from(junk, 'latin1'), 3000)).toBe(true);
    }
    expect(tell(Buffer.of(0, 4, 0, 1), 4000, 12)).toBe(false);
  });
});
