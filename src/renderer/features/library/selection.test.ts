import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepExisting, moveIndex, noSelection, select, selectAll } from './selection';

const ids = ['a', 'b', 'c', 'd', 'e'];
const selected = (state: { selected: ReadonlySet<string> }): string => [...state.selected].sort().join('');

describe('selecting', () => {
  it('selects one, adds and takes away with Ctrl, and a range with Shift', () => {
    let state = select(noSelection, ids, 'b', 'only');
    expect(selected(state)).toBe('b');
    state = select(state, ids, 'd', 'toggle');
    expect(selected(state)).toBe('bd');
    state = select(state, ids, 'b', 'toggle');
    expect(selected(state)).toBe('d');
    state = select(state, ids, 'e', 'only');
    state = select(state, ids, 'c', 'range');
    expect(selected(state)).toBe('cde');
    // the anchor stays, so the range can be turned around
    state = select(state, ids, 'e', 'range');
    expect(selected(state)).toBe('e');
    expect(state.active).toBe('e');
  });

  it('does not select what is not there', () => {
    expect(select(noSelection, ids, 'x', 'only')).toBe(noSelection);
  });

  it('selects all without moving the keyboard', () => {
    const state = selectAll(select(noSelection, ids, 'c', 'only'), ids);
    expect(selected(state)).toBe('abcde');
    expect(state.active).toBe('c');
  });

  it('moves the keyboard to the neighbour when its machine is gone', () => {
    const state = select(noSelection, ids, 'c', 'only');
    const after = keepExisting(state, ['a', 'b', 'd', 'e'], ids);
    expect(selected(after)).toBe('');
    expect(after.active).toBe('d');
    expect(keepExisting(state, [], ids).active).toBeUndefined();
  });

  it('only ever holds machines of the list', () => {
    const subset = fc.subarray(ids);
    const steps = fc.array(
      fc.tuple(
        fc.constantFrom(...ids, 'x'),
        fc.constantFrom('only' as const, 'toggle' as const, 'range' as const),
      ),
    );
    fc.assert(
      fc.property(steps, subset, (moves, left) => {
        let state = noSelection;
        for (const [id, mode] of moves) state = select(state, ids, id, mode);
        const after = keepExisting(state, left, ids);
        expect([...after.selected].every((id) => left.includes(id))).toBe(true);
        if (after.active !== undefined) expect(left).toContain(after.active);
        if (after.anchor !== undefined) expect(left).toContain(after.anchor);
      }),
    );
  });
});

describe('moving in a grid', () => {
  it.each([
    ['ArrowRight', 0, 7, 3, 1],
    ['ArrowLeft', 0, 7, 3, 0],
    ['ArrowDown', 1, 7, 3, 4],
    ['ArrowDown', 5, 7, 3, 6],
    ['ArrowDown', 6, 7, 3, 6],
    ['ArrowUp', 1, 7, 3, 1],
    ['ArrowUp', 6, 7, 3, 3],
    ['Home', 4, 7, 3, 0],
    ['End', 4, 7, 3, 6],
    ['x', 4, 7, 3, undefined],
    ['ArrowDown', 0, 0, 1, undefined],
  ])('%s at %i of %i in %i columns leads to %s', (key, index, count, columns, target) => {
    expect(moveIndex(key, index, count, columns)).toBe(target);
  });

  it('never leaves the list', () => {
    const keys = fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown');
    fc.assert(
      fc.property(
        keys,
        fc.nat(40),
        fc.integer({ min: 1, max: 41 }),
        fc.integer({ min: 1, max: 9 }),
        (key, at, n, columns) => {
          const target = moveIndex(key, at % n, n, columns);
          expect(target).toBeGreaterThanOrEqual(0);
          expect(target).toBeLessThan(n);
        },
      ),
    );
  });
});
