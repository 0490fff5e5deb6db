import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { here, moveInTree, treeRows, type TreeNode } from './tree-rows';

const node = (id: string, parent: string | null, minute: number): TreeNode => ({
  id,
  parent,
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
});
/** One line a row: indentation by lane. */
const drawing = (nodes: TreeNode[], current: string | null): string[] =>
  treeRows(nodes, current).map(({ id, lane }) => '  '.repeat(lane) + id);

describe('the drawing of the tree', () => {
  it('has nothing but the present while there are no snapshots', () => {
    expect(treeRows([], null)).toEqual([
      {
        id: here,
        parent: null,
        children: [],
        lane: 0,
        passing: [],
        above: false,
        below: false,
        level: 1,
        position: 1,
        siblings: 1,
      },
    ]);
  });

  it('draws a chain as one straight line that ends in the present', () => {
    expect(drawing([node('a', null, 0), node('b', 'a', 1), node('c', 'b', 2)], 'c')).toEqual([
      'a',
      'b',
      'c',
      here,
    ]);
  });

  it('indents what branched off, and leads the straight line to the present', () => {
    const nodes = [
      node('a', null, 0),
      node('old', 'a', 1),
      node('older', 'old', 2),
      node('twig', 'old', 3),
      node('now', 'a', 4),
    ];
    expect(drawing(nodes, 'now')).toEqual(['a', '  old', '    older', '  twig', 'now', here]);
    const rows = treeRows(nodes, 'now');
    expect(rows.find(({ id }) => id === 'older')).toMatchObject({ passing: [0, 1], level: 3, above: false });
    expect(rows.find(({ id }) => id === 'twig')).toMatchObject({ passing: [0], above: true, below: false });
    expect(rows.find(({ id }) => id === 'now')).toMatchObject({ level: 2, position: 2, siblings: 2 });
  });

  it('shows the present below a snapshot in the middle after it was restored', () => {
    expect(drawing([node('a', null, 0), node('b', 'a', 1), node('c', 'b', 2)], 'a')).toEqual([
      'a',
      '  b',
      '  c',
      here,
    ]);
  });

  it('draws several first snapshots one below the other, and forgives a parent that is missing', () => {
    expect(drawing([node('a', null, 0), node('b', 'gone', 1)], null)).toEqual(['a', 'b', here]);
    expect(drawing([node('a', null, 0), node('b', null, 1)], 'a')).toEqual(['b', 'a', here]);
  });

  it('holds every snapshot once, after its parent, whatever the tree', () => {
    const trees = fc.array(fc.nat(), { maxLength: 60 }).chain((seeds) => {
      const nodes = seeds.map((seed, index) =>
        node(`s${index}`, index === 0 || seed % 7 === 0 ? null : `s${seed % index}`, index),
      );
      return fc.tuple(fc.constant(nodes), fc.option(fc.constantFrom(...nodes.map(({ id }) => id), 's0')));
    });
    fc.assert(
      fc.property(trees, ([nodes, current]) => {
        const rows = treeRows(nodes, current);
        const order = rows.map(({ id }) => id);
        expect([...order].sort()).toEqual([...nodes.map(({ id }) => id), here].sort());
        expect(order.at(-1)).toBe(here);
        for (const [index, row] of rows.entries()) {
          if (row.parent !== null) expect(order.indexOf(row.parent)).toBeLessThan(index);
          // a line from above is one that the row above draws to its lower edge
          const upper = rows[index - 1];
          const arriving = upper ? [...upper.passing, ...(upper.below ? [upper.lane] : [])] : [];
          for (const lane of row.passing) expect(arriving).toContain(lane);
          if (row.above) expect(arriving).toContain(row.lane);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes a chain of ten thousand', () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) =>
      node(`s${index}`, index === 0 ? null : `s${index - 1}`, index),
    );
    expect(treeRows(nodes, 's9999')).toHaveLength(10_001);
  });
});

describe('the keyboard in the tree', () => {
  const rows = treeRows([node('a', null, 0), node('b', 'a', 1), node('c', 'a', 2)], 'c');

  it.each([
    ['a', 'ArrowDown', 'b'],
    ['a', 'ArrowUp', 'a'],
    ['b', 'ArrowDown', 'c'],
    ['b', 'ArrowLeft', 'a'],
    ['a', 'ArrowLeft', 'a'],
    ['a', 'ArrowRight', 'c'],
    ['c', 'ArrowRight', here],
    [here, 'ArrowRight', here],
    [here, 'Home', 'a'],
    ['a', 'End', here],
    ['a', 'PageDown', here],
    ['gone', 'ArrowDown', 'a'],
  ])('from %s by %s is %s', (from, key, to) => {
    expect(moveInTree(rows, from, key)).toBe(to);
  });

  it('leaves other keys alone', () => {
    expect(moveInTree(rows, 'a', 'x')).toBeUndefined();
  });
});
