import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createQcow2 } from '../../disks/qcow2/create';
import { hostImages } from './images';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-images-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('keeps a raw disk raw, even when a guest has written a header that names a file of the host', async () => {
  const secret = join(folder, 'secret');
  await writeFile(secret, 'nothing for guests'.padEnd(65_536));
  const header = join(folder, 'header.qcow2');
  await createQcow2(header, { virtualSize: 65_536, backingFile: secret, backingFormat: 'raw' });
  const raw = join(folder, 'disk0.img');
  const bytes = await readFile(header);
  await writeFile(raw, bytes);

  const disk = await hostImages.disk(raw);
  try {
    expect(disk.size).toBe(bytes.length);
    expect(Buffer.from(await disk.read(0, bytes.length)).equals(bytes)).toBe(true);
  } finally {
    await disk.close();
  }
});
