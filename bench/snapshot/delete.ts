import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createOverlay } from '../../src/main/disks/chain/chain';
import { mergeImages } from '../../src/main/disks/chain/merge';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { qemuImg } from '../../test/helpers/qemu-img';
import { temporaryFolder } from '../../test/helpers/temp-folder';
import { median } from '../median';
import type { BenchResult } from '../types';
import { timed } from './timed';

const rounds = 5;
const mebibyte = 1024 * 1024;
/** What the deleted snapshot holds. */
const innerMiB = 1024;

/** Deleting a snapshot in the middle of a chain, against `qemu-img rebase`. */
export async function benchDelete(): Promise<BenchResult> {
  const folder = await temporaryFolder('bench-snapshot');
  const at = (name: string): string => path.join(folder.path, name);
  try {
    await createQcow2(at('base.qcow2'), { virtualSize: 2 * innerMiB * mebibyte });
    await createOverlay(at('inner.qcow2'), at('base.qcow2'));
    const inner = await openDisk(at('inner.qcow2'), { readOnly: false });
    const noise = Buffer.alloc(mebibyte);
    for (let index = 0; index < innerMiB; index++) {
      noise.fill(`${index} of the inner image; `);
      await inner.write(index * mebibyte, noise);
    }
    await inner.close();
    const ours: number[] = [];
    const peer: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await createOverlay(at('top.qcow2'), at('inner.qcow2'));
      const request = {
        layers: [at('top.qcow2'), at('inner.qcow2')],
        below: at('base.qcow2'),
        target: at('new.qcow2'),
      };
      ours.push(await timed(() => mergeImages(request)));
      await rm(at('new.qcow2'));
      const args = ['rebase', '-f', 'qcow2', '-b', at('base.qcow2'), '-F', 'qcow2', at('top.qcow2')];
      peer.push(await timed(() => qemuImg(...args)));
      await rm(at('top.qcow2'));
    }
    const [value, peerValue] = [median(ours), median(peer)];
    const ratio = value / peerValue;
    return {
      name: `snapshot: deleting one in the middle with ${innerMiB} MiB, compared afterwards`,
      value,
      unit: 'ms',
      peer: 'qemu-img rebase',
      peerValue,
      ratio,
      goal: 'none stated: it is read back and compared as well',
      ok: true,
    };
  } finally {
    await folder.remove();
  }
}
