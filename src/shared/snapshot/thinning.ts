import type { KeepRules } from './automatic';

/** What thinning looks at. */
export interface Thinnable {
  id: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** Nobody asked for it; null for a person's. */
  automatic: string | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * The automatic snapshots that the rules have no place for, oldest first. A person's snapshots are never among them,
 * nor the one that the present goes on from. Of each hour and day the newest counts, and hours and days without any
 * are not counted: a machine that was off for a month keeps what it has. Pure, and doing it twice changes nothing.
 *
 * @param current the snapshot that the present goes on from
 * @param offsetMs how far the local clock is ahead of UTC, so that a day is a person's day
 */
export function chooseThinning(
  snapshots: readonly Thinnable[],
  rules: KeepRules,
  current: string | null,
  offsetMs = 0,
): string[] {
  const automatic = snapshots
    .filter((snapshot) => snapshot.automatic !== null)
    .map(({ id, createdAt }) => ({ id, time: Date.parse(createdAt) + offsetMs }))
    // A time that cannot be read is nothing to decide by.
    .filter(({ time }) => !Number.isNaN(time))
    .sort((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1));
  const kept = new Set(automatic.slice(0, rules.last).map(({ id }) => id));
  for (const [length, count] of [
    [hourMs, rules.hourly],
    [dayMs, rules.daily],
  ] as const) {
    const newest = new Map<number, string>();
    for (const { id, time } of automatic) {
      const period = Math.floor(time / length);
      if (!newest.has(period)) newest.set(period, id);
    }
    for (const id of [...newest.values()].slice(0, count)) kept.add(id);
  }
  if (current !== null) kept.add(current);
  return automatic
    .filter(({ id }) => !kept.has(id))
    .map(({ id }) => id)
    .reverse();
}
