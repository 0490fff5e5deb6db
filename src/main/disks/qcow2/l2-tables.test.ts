import { expect, it } from 'vitest';
import type { HostFile } from '../host-file';
import { geometryOf } from './geometry';
import { L1Table } from './l1-table';
import { L2Tables } from './l2-tables';

const geometry = geometryOf(3, 21, 4);
const newPlace = 100 * geometry.clusterSize;

/** Something that waits until it is let go. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

it('keep the copy of a shared table that is made while the old one is read once more', async () => {
  const entries = new Uint8Array(16 * 8);
  const view = new DataView(entries.buffer);
  // The first table is shared with something else in the file (no COPIED flag), the others are not.
  const flag = 1n << 63n;
  for (let index = 0; index < 16; index++)
    view.setBigUint64(index * 8, BigInt((index + 1) * geometry.clusterSize) | (index > 0 ? flag : 0n));
  const readings: ReturnType<typeof gate>[] = [];
  const file = {
    path: 'image',
    async read(into: Uint8Array, position: number) {
      const turn = gate();
      // Only the shared table is waited for, and not the first time.
      if (position === geometry.clusterSize && readings.push(turn) > 1) await turn.opened;
      return into.fill(0).length;
    },
  } as unknown as HostFile;
  const allocation = gate();
  const l1 = new L1Table(file, geometry, 0, entries);
  const tables = new L2Tables(file, geometry, () => l1, {
    allocateTable: () => allocation.opened.then(() => newPlace),
    freeTable: () => {},
  });

  const changed = tables.update(0, 3, 4, (table) => table.setBigUint64(24, 7n));
  // So many others that the shared one is forgotten while the place for its copy is looked for.
  for (let index = 1; index < 16; index++) await tables.get(index);
  const readAgain = tables.get(0);
  expect(readings).toHaveLength(2);
  allocation.open();
  await changed;
  readings[1]?.open();
  await readAgain;
  const table = await tables.get(0);
  expect(table?.offset).toBe(newPlace);
  expect(table?.view.getBigUint64(24)).toBe(7n);
});
