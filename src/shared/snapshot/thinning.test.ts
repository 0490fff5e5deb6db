import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeepRules } from './automatic';
import { chooseThinning, type Thinnable } from './thinning';

const start = Date.UTC(2026, 4, 1);
const minute = 60_000;

const snapshots: fc.Arbitrary<Thinnable[]> = fc
  .array(
    fc.record({ at: fc.nat(60 * 24 * 40), automatic: fc.constantFrom(null, 'schedule', 'start', 'stop') }),
    {
      maxLength: 60,
    },
  )
  .map((list) =>
    list.map(({ at, automatic }, index) => ({
      id: `s${index}`,
      createdAt: new Date(start + at * minute).toISOString(),
      automatic,
    })),
  );
const rules: fc.Arbitrary<KeepRules> = fc.record({
  last: fc.integer({ min: 1, max: 10 }),
  hourly: fc.nat(30),
  daily: fc.nat(30),
});
const offset = fc.integer({ min: -12, max: 14 }).map((hours) => hours * 60 * minute);
const cases = fc.record({ snapshots, rules, offset, pick: fc.nat(80) });

const without = (all: readonly Thinnable[], gone: string[]): Thinnable[] =>
  all.filter(({ id }) => !gone.includes(id));
const currentOf = (all: Thinnable[], pick: number): string | null => all[pick]?.id ?? null;
const periods = (all: readonly Thinnable[], length: number, ahead: number): number[] =>
  [...new Set(all.map(({ createdAt }) => Math.floor((Date.parse(createdAt) + ahead) / length)))].sort(
    (a, b) => b - a,
  );
const newestFirst = (all: readonly Thinnable[]): Thinnable[] =>
  all.filter(({ automatic }) => automatic !== null).sort((a, b) => b.createdAt.localeCompare(a.createdAt));

describe('chooseThinning', () => {
  it('never chooses what a person made, nor what the present goes on from', () => {
    fc.assert(
      fc.property(cases, ({ snapshots: all, rules: keep, offset: ahead, pick }) => {
        const current = currentOf(all, pick);
        const gone = chooseThinning(all, keep, current, ahead);
        expect(gone).not.toContain(current);
        for (const id of gone) expect(all.find((one) => one.id === id)?.automatic).not.toBeNull();
        expect(new Set(gone).size).toBe(gone.length);
      }),
    );
  });

  it('leaves the newest, and one of each hour and day that the rules name', () => {
    fc.assert(
      fc.property(cases, ({ snapshots: all, rules: keep, offset: ahead, pick }) => {
        const automatic = newestFirst(all);
        const left = newestFirst(without(all, chooseThinning(all, keep, currentOf(all, pick), ahead)));
        const times = (list: Thinnable[]) => list.map(({ createdAt }) => createdAt);
        expect(times(left).slice(0, keep.last)).toEqual(times(automatic).slice(0, keep.last));
        for (const [length, count] of [
          [60 * minute, keep.hourly],
          [24 * 60 * minute, keep.daily],
        ] as const) {
          const wanted = periods(automatic, length, ahead).slice(0, count);
          expect(periods(left, length, ahead)).toEqual(expect.arrayContaining(wanted));
        }
        // And not one more than they have places for, besides the one in use.
        expect(left.length).toBeLessThanOrEqual(keep.last + keep.hourly + keep.daily + 1);
      }),
    );
  });

  it('has nothing left to do after it was done', () => {
    fc.assert(
      fc.property(cases, ({ snapshots: all, rules: keep, offset: ahead, pick }) => {
        const current = currentOf(all, pick);
        const left = without(all, chooseThinning(all, keep, current, ahead));
        expect(chooseThinning(left, keep, current, ahead)).toEqual([]);
      }),
    );
  });

  it('thins the old ones first, a snapshot every quarter of an hour over two days', () => {
    const all = Array.from({ length: 192 }, (_, index) => ({
      id: String(index),
      createdAt: new Date(start + index * 15 * minute).toISOString(),
      automatic: 'schedule',
    }));
    const gone = chooseThinning(all, { last: 2, hourly: 3, daily: 2 }, '5');
    expect(without(all, gone).map(({ id }) => id)).toEqual(['5', '95', '183', '187', '190', '191']);
    expect(gone.slice(0, 3)).toEqual(['0', '1', '2']);
  });

  it('leaves alone what has no time', () => {
    const odd = [{ id: 'a', createdAt: 'yesterday', automatic: 'schedule' }];
    expect(chooseThinning(odd, { last: 1, hourly: 0, daily: 0 }, null)).toEqual([]);
  });
});
