import { branchOf, withoutItems } from '@shared/snapshot/tree';
import type { Death } from './deadly';

/** What the tortured program is told to do. */
export type TortureStep =
  | { do: 'write'; word: string }
  | { do: 'take'; memory: boolean }
  | { do: 'restore'; snapshot: string }
  | { do: 'delete'; snapshots: string[] }
  | { do: 'powerOff' }
  | { do: 'save' }
  | { do: 'compact' };

/** The machine as its files say: by snapshot, the one that it goes on from and the word on its disk. */
export interface TortureState {
  present: string;
  current: string | null;
  snapshots: Record<string, { parent: string | null; word: string }>;
}

/** What it is told: a step, and at which change of the disk it dies, if not by the clock. */
export interface TortureOrder {
  step: TortureStep;
  death: Death | null;
}

/** What it says: how things are when it begins, and what came of each step. */
export type TortureAnswer =
  /** `changes` of the host's disk that putting right what there was has taken. */
  | { begun: TortureState; complaints: string[]; changes: number }
  | {
      did: TortureStep['do'];
      snapshot: string | null;
      error: string | null;
      machine: number | null;
      changes: number;
    };

/** More snapshots than this are not kept, so that ten thousand rounds end with a tree like the first ones'. */
const mostSnapshots = 10;

/**
 * A step that makes sense in a state.
 *
 * @param random gives whole numbers below a limit
 * @param word what it writes, if it is a step that writes
 */
export function drawStep(state: TortureState, random: (below: number) => number, word: string): TortureStep {
  const ids = Object.keys(state.snapshots).sort();
  const chosen = ids[random(Math.max(1, ids.length))];
  const kind = random(20);
  if (kind < 5) return { do: 'write', word };
  const many = ids.length >= mostSnapshots;
  if (chosen === undefined || (kind < 11 && !many)) return { do: 'take', memory: random(2) === 0 };
  if (kind < 14 && !many) return { do: 'restore', snapshot: chosen };
  if (kind === 14) return { do: 'powerOff' };
  if (kind === 15) return { do: 'save' };
  if (kind === 16) return { do: 'compact' };
  const items = ids.map((id) => ({ id, parent: state.snapshots[id]?.parent ?? null }));
  const doomed = random(3) === 0 ? branchOf(items, chosen).map(({ id }) => id) : [chosen];
  return { do: 'delete', snapshots: doomed };
}

/** The state after a step. @param taken the id of a snapshot that the step takes */
export function stateAfter(state: TortureState, step: TortureStep, taken: string): TortureState {
  switch (step.do) {
    case 'write':
      return { ...state, present: step.word };
    case 'powerOff':
    case 'save':
    case 'compact':
      return state;
    case 'take':
      return {
        ...state,
        current: taken,
        snapshots: { ...state.snapshots, [taken]: { parent: state.current, word: state.present } },
      };
    case 'restore':
      return { ...state, current: step.snapshot, present: state.snapshots[step.snapshot]?.word ?? '' };
    case 'delete': {
      const gone = new Set(step.snapshots);
      const items = Object.entries(state.snapshots).map(([id, { parent }]) => ({ id, parent }));
      const left = withoutItems([...items, { id: 'here', parent: state.current }], gone);
      const snapshots: TortureState['snapshots'] = {};
      for (const { id, parent } of left) {
        if (id !== 'here') snapshots[id] = { parent, word: state.snapshots[id]?.word ?? '' };
      }
      return { ...state, snapshots, current: left.find(({ id }) => id === 'here')?.parent ?? null };
    }
  }
}

/** One text for states that are the same. */
export function textOf({ snapshots, ...state }: TortureState): string {
  const sorted = Object.entries(snapshots).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ ...state, snapshots: Object.fromEntries(sorted) });
}
