import type { ViewState } from './menus';

/** What of a window's view is remembered for the next time that its machine is looked at. */
export type RememberedView = Pick<ViewState, 'scaling' | 'resizeGuest' | 'statusBar'>;

const usual: RememberedView = { scaling: 'fit', resizeGuest: true, statusBar: true };

const keyOf = (machine: string): string => `console-view:${machine}`;

/** How the machine was looked at last, on this computer; as usual where nothing is known or can be. */
export function recallView(machine: string, storage: Storage = localStorage): RememberedView {
  let known: Partial<Record<keyof RememberedView, unknown>>;
  try {
    known = Object(JSON.parse(storage.getItem(keyOf(machine)) ?? '{}')) as typeof known;
  } catch {
    return usual; // torn, or a browser that keeps nothing
  }
  return {
    scaling: known.scaling === 'actual' ? 'actual' : 'fit',
    resizeGuest: known.resizeGuest !== false,
    statusBar: known.statusBar !== false,
  };
}

export function rememberView(machine: string, view: RememberedView, storage: Storage = localStorage): void {
  const { scaling, resizeGuest, statusBar } = view;
  try {
    storage.setItem(keyOf(machine), JSON.stringify({ scaling, resizeGuest, statusBar }));
  } catch {
    // a browser that keeps nothing: as usual the next time
  }
}
