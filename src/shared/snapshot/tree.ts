/** Pure functions on trees of snapshots. A parent that is not among the nodes counts as none. */

export interface TreeItem {
  id: string;
  parent: string | null;
}

/** A snapshot with what goes on from it. */
export interface TreeNode<T extends TreeItem> {
  item: T;
  children: TreeNode<T>[];
}

/** The roots, with everything below them; brothers keep the order in which they were given. */
export function treeOf<T extends TreeItem>(items: readonly T[]): TreeNode<T>[] {
  const nodes = new Map(items.map((item) => [item.id, { item, children: [] } as TreeNode<T>]));
  const roots: TreeNode<T>[] = [];
  for (const node of nodes.values()) {
    const { parent } = node.item;
    const above = parent === null ? undefined : nodes.get(parent);
    (above?.children ?? roots).push(node);
  }
  return roots;
}

/** From the item's parent up to its root. A circle, which only a damaged folder has, ends it. */
export function ancestorsOf<T extends TreeItem>(items: readonly T[], id: string | null): T[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  const found: T[] = [];
  let next = id === null ? undefined : byId.get(id)?.parent;
  while (next !== undefined && next !== null) {
    const item = byId.get(next);
    if (!item || found.includes(item)) break;
    found.push(item);
    next = item.parent;
  }
  return found;
}

export function childrenOf<T extends TreeItem>(items: readonly T[], id: string): T[] {
  return items.filter(({ parent }) => parent === id);
}

/** The item itself and everything that goes on from it: what “delete this branch” means. */
export function branchOf<T extends TreeItem>(items: readonly T[], id: string): T[] {
  const inside = new Set([id]);
  let grown = true;
  while (grown) {
    const before = inside.size;
    for (const item of items) if (item.parent !== null && inside.has(item.parent)) inside.add(item.id);
    grown = inside.size > before;
  }
  return items.filter((item) => inside.has(item.id));
}

/** The nearest one above `id`, or `id` itself, that is not among `removed`; null where none is left. */
export function survivingAncestor<T extends TreeItem>(
  items: readonly T[],
  id: string | null,
  removed: ReadonlySet<string>,
): string | null {
  if (id === null || !removed.has(id)) return id;
  return ancestorsOf(items, id).find((item) => !removed.has(item.id))?.id ?? null;
}

/** The tree without `removed`: what went on from them goes on from their nearest surviving ancestor. */
export function withoutItems<T extends TreeItem>(items: readonly T[], removed: ReadonlySet<string>): T[] {
  return items
    .filter(({ id }) => !removed.has(id))
    .map((item) => {
      const parent = survivingAncestor(items, item.parent, removed);
      return parent === item.parent ? item : { ...item, parent };
    });
}

/** The nearest one that `a` and `b` both are, or go on from; null without one. */
export function commonAncestor<T extends TreeItem>(
  items: readonly T[],
  a: string | null,
  b: string | null,
): string | null {
  if (a === null || b === null) return null;
  const above = new Set([a, ...ancestorsOf(items, a).map(({ id }) => id)]);
  return [b, ...ancestorsOf(items, b).map(({ id }) => id)].find((id) => above.has(id)) ?? null;
}

/** The first of `Snapshot 1`, `Snapshot 2` … that nobody has. */
export function defaultSnapshotName(taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number++) {
    const name = `Snapshot ${number}`;
    if (!taken.includes(name)) return name;
  }
}
