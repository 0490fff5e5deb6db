import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openQcow2 } from '../qcow2/open';
import { createOverlay } from './chain';
import { bytesToTakeOver, hasTakenOver } from './taken-over';

const cluster = 65536;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taken-over-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('says what an image has yet to take over, by the tables in its file, also while it is in use', async () => {
  const [base, middle, top] = ['base.img', 'middle.qcow2', 'top.qcow2'].map((name) => join(folder, name));
  if (!base || !middle || !top) throw new Error('There are three images');
  await writeFile(base, new Uint8Array(10 * cluster + 512));
  await createOverlay(middle, base);
  const below = await openQcow2(middle, { readOnly: false });
  await below.write(cluster - 1, new Uint8Array(3 * cluster).fill(1));
  await below.writeZeros(8 * cluster, cluster);
  await below.close();
  await createOverlay(top, middle);

  const disk = await openQcow2(top, { readOnly: false });
  await disk.write(2 * cluster, Uint8Array.of(1));
  // In memory only so far.
  expect(await bytesToTakeOver(top, [middle])).toBe(5 * cluster);
  await disk.flush();
  expect(await bytesToTakeOver(top, [middle])).toBe(4 * cluster);
  expect(await bytesToTakeOver(top, [middle, base])).toBe(9 * cluster + 512);
  expect(await hasTakenOver(top, [middle])).toBe(false);
  await disk.pull('base.img');
  expect(await hasTakenOver(top, [middle])).toBe(true);
  expect(await bytesToTakeOver(top, [base])).toBe(5 * cluster + 512);
  await disk.close();
});
