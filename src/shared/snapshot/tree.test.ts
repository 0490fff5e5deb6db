import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ancestorsOf,
  branchOf,
  childrenOf,
  commonAncestor,
  defaultSnapshotName,
  survivingAncestor,
  treeOf,
  type TreeItem,
  type TreeNode,
  withoutItems,
} from './tree';

const items: TreeItem[] = [
  { id: 'a', parent: null },
  { id: 'b', parent: 'a' },
  { id: 'c', parent: 'b' },
  { id: 'd', parent: 'b' },
  { id: 'e', parent: 'a' },
];
const ids = (found: TreeItem[]): string => found.map(({ id }) => id).join('');

/** Random trees: each item goes on from one before it, or from nothing. */
const trees = fc.array(fc.nat(), { minLength: 1, maxLength: 20 }).map((numbers) =>
  numbers.map((number, index) => ({
    id: `n${index}`,
    parent: index === 0 || number % 5 === 0 ? null : `n${number % index}`,
  })),
);

const sizeOf = (nodes: TreeNode<TreeItem>[]): number =>
  nodes.reduce((sum, { children }) => sum + 1 + sizeOf(children), 0);

describe('trees of snapshots', () => {
  it('finds roots, children, ancestors and branches', () => {
    expect(treeOf(items)).toHaveLength(1);
    expect(ids(childrenOf(items, 'b'))).toBe('cd');
    expect(ids(ancestorsOf(items, 'd'))).toBe('ba');
    expect(ids(branchOf(items, 'b'))).toBe('bcd');
    expect(commonAncestor(items, 'c', 'e')).toBe('a');
    expect(commonAncestor(items, 'c', 'b')).toBe('b');
    expect(commonAncestor(items, 'c', null)).toBeNull();
  });

  it('takes an orphan for a root, and does not follow a circle for ever', () => {
    expect(ids(treeOf([{ id: 'x', parent: 'gone' }]).map(({ item }) => item))).toBe('x');
    const circle = [
      { id: 'x', parent: 'y' },
      { id: 'y', parent: 'x' },
    ];
    expect(ids(ancestorsOf(circle, 'x'))).toBe('yx');
  });

  it('joins what is left when some are removed', () => {
    const left = withoutItems(items, new Set(['b', 'c']));
    expect(left.find(({ id }) => id === 'd')?.parent).toBe('a');
    expect(survivingAncestor(items, 'c', new Set(['a', 'b', 'c']))).toBeNull();
  });

  it('never loses or repeats one', () => {
    fc.assert(fc.property(trees, (tree) => sizeOf(treeOf(tree)) === tree.length));
  });

  it('keeps the order of ancestors among those that are left', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.nat({ max: 19 })), (tree, numbers) => {
        const removed = new Set(numbers.map((number) => `n${number}`));
        const left = withoutItems(tree, removed);
        for (const { id } of left) {
          const expected = ancestorsOf(tree, id).filter((item) => !removed.has(item.id));
          expect(ids(ancestorsOf(left, id))).toBe(ids(expected));
        }
      }),
    );
  });

  it('finds a name that nobody has', () => {
    expect(defaultSnapshotName([])).toBe('Snapshot 1');
    expect(defaultSnapshotName(['Snapshot 2'])).toBe('Snapshot 3');
  });
});
