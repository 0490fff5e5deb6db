/**
 * The snapshots of a machine as the rows of a drawing: the branch that leads to the present is one straight line on
 * the left that ends in “you are here”; what branched off stands indented above the place where the line goes on.
 * A chain of a hundred snapshots is therefore no wider than one. Pure, so that it can be tested apart from the screen.
 */

/** What the layout needs to know of a snapshot. */
export interface TreeNode {
  readonly id: string;
  /** The snapshot that it was made on top of; null for the first ones. */
  readonly parent: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** The row that stands for the machine as it is now. */
export const here = 'here';

export interface TreeRow {
  /** A snapshot's id, or `here`. */
  readonly id: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  /** The column of the drawing, from 0. */
  readonly lane: number;
  /** Lanes to the left whose lines pass this row. */
  readonly passing: readonly number[];
  /** Whether the line of its own lane comes from above, from its parent. */
  readonly above: boolean;
  /** Whether the line of its own lane goes on below, to its children. */
  readonly below: boolean;
  /** For `aria-level`, `aria-posinset` and `aria-setsize`: from 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
}

interface Pending {
  readonly id: string;
  readonly lane: number;
  readonly passing: readonly number[];
  readonly above: boolean;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
}

/**
 * Lays out snapshots and the present.
 * @param current the snapshot that the machine's disks stand on now; null when they stand on none
 */
export function treeRows(nodes: readonly TreeNode[], current: string | null): TreeRow[] {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = (id: string | null): string | null => (id !== null && known.has(id) ? id : null);
  const hereParent = parentOf(current);

  const childrenOf = new Map<string | null, string[]>();
  const oldestFirst = [...nodes].sort(
    (a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1),
  );
  for (const { id, parent } of oldestFirst) {
    const key = parentOf(parent);
    childrenOf.set(key, [...(childrenOf.get(key) ?? []), id]);
  }
  const present = new Set<string | null>([null]);
  for (let id = hereParent; id !== null && !present.has(id); id = parentOf(known.get(id)?.parent ?? null))
    present.add(id);

  /** The main line last: it is the branch of the present, else the one that was begun last. */
  function ordered(id: string | null): string[] {
    const children = childrenOf.get(id) ?? [];
    if (id === hereParent) return [...children, here];
    const main = children.find((child) => present.has(child)) ?? children.at(-1);
    return main === undefined ? [] : [...children.filter((child) => child !== main), main];
  }

  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  // a stack instead of recursion: a chain may be longer than the call stack is deep
  const stack: Pending[] = ordered(null)
    .map((id, index, all) => ({
      id,
      lane: 0,
      passing: [],
      above: false,
      level: 1,
      position: index + 1,
      siblings: all.length,
    }))
    .reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { id, lane, passing, above, level, position, siblings } = next;
    if (seen.has(id)) continue;
    seen.add(id);
    const children = id === here ? [] : ordered(id);
    rows.push({
      id,
      parent: id === here ? hereParent : parentOf(known.get(id)?.parent ?? null),
      children,
      lane,
      passing,
      above,
      below: children.length > 0,
      level,
      position,
      siblings,
    });
    const below = children.map((child, index): Pending => {
      const main = index === children.length - 1;
      return {
        id: child,
        lane: main ? lane : lane + 1,
        passing: main ? passing : [...passing, lane],
        above: main,
        level: level + 1,
        position: index + 1,
        siblings: children.length,
      };
    });
    stack.push(...below.reverse());
  }
  return rows;
}

/** Where a key leads from a row of the tree; undefined for keys that do not move. */
export function moveInTree(rows: readonly TreeRow[], id: string, key: string, page = 8): string | undefined {
  const index = rows.findIndex((row) => row.id === id);
  const row = rows[index];
  if (!row) return rows[0]?.id;
  const at = (target: number): string | undefined => rows[Math.min(Math.max(target, 0), rows.length - 1)]?.id;
  switch (key) {
    case 'ArrowUp':
      return at(index - 1);
    case 'ArrowDown':
      return at(index + 1);
    case 'PageUp':
      return at(index - page);
    case 'PageDown':
      return at(index + page);
    case 'Home':
      return at(0);
    case 'End':
      return at(rows.length - 1);
    case 'ArrowLeft':
      return row.parent ?? row.id;
    case 'ArrowRight':
      return row.children.at(-1) ?? row.id;
    default:
      return undefined;
  }
}
