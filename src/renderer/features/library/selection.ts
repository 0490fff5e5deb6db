/**
 * The selection of a list: what is selected, where the keyboard is, and where a range began. Pure, so that it can
 * be tested apart from the screen.
 */

export interface Selection {
  readonly selected: ReadonlySet<string>;
  /** The item that has the keyboard. */
  readonly active: string | undefined;
  /** Where a range selected with Shift begins. */
  readonly anchor: string | undefined;
}

export const noSelection: Selection = { selected: new Set(), active: undefined, anchor: undefined };

/** How an item was reached: alone, added to the rest (Ctrl), or as the end of a range (Shift). */
export type SelectMode = 'only' | 'toggle' | 'range';

export function select(current: Selection, ids: readonly string[], id: string, mode: SelectMode): Selection {
  if (!ids.includes(id)) return current;
  if (mode === 'toggle') {
    const selected = new Set(current.selected);
    if (!selected.delete(id)) selected.add(id);
    return { selected, active: id, anchor: id };
  }
  const from = mode === 'range' && current.anchor !== undefined ? ids.indexOf(current.anchor) : -1;
  if (from < 0) return { selected: new Set([id]), active: id, anchor: id };
  const to = ids.indexOf(id);
  return {
    selected: new Set(ids.slice(Math.min(from, to), Math.max(from, to) + 1)),
    active: id,
    anchor: current.anchor,
  };
}

export function selectAll(current: Selection, ids: readonly string[]): Selection {
  return { selected: new Set(ids), active: current.active ?? ids[0], anchor: current.anchor ?? ids[0] };
}

/** The selection without what is no longer in the list; the keyboard moves to the item that took the place. */
export function keepExisting(
  current: Selection,
  ids: readonly string[],
  before: readonly string[],
): Selection {
  const selected = new Set([...current.selected].filter((id) => ids.includes(id)));
  const exists = (id: string | undefined): string | undefined =>
    id !== undefined && ids.includes(id) ? id : undefined;
  const lost = current.active !== undefined && !ids.includes(current.active);
  const active = lost
    ? ids[Math.min(Math.max(before.indexOf(current.active as string), 0), ids.length - 1)]
    : current.active;
  return { selected, active, anchor: exists(current.anchor) ?? active };
}

/** Where an arrow key leads in a grid of `columns`; undefined for keys that do not move. */
export function moveIndex(key: string, index: number, count: number, columns: number): number | undefined {
  if (count === 0) return undefined;
  const targets: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    ArrowDown: index + columns,
    Home: 0,
    End: count - 1,
    PageUp: index - columns * 3,
    PageDown: index + columns * 3,
  };
  const target = targets[key];
  if (target === undefined) return undefined;
  // a step up from the first row stays where it is; a step down from above a short last row reaches its end
  if (key === 'ArrowUp' && target < 0) return index;
  if (key === 'ArrowDown' && target >= count) {
    const lastRow = Math.floor((count - 1) / columns);
    return Math.floor(index / columns) < lastRow ? count - 1 : index;
  }
  return Math.min(Math.max(target, 0), count - 1);
}
