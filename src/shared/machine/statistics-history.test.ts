import { describe, expect, it } from 'vitest';
import { StatisticsHistory } from './statistics-history';

const at = (cpu: number, more: Record<string, number> = {}): Map<string, number> =>
  new Map(Object.entries({ cpu, ...more }));

describe('the history of statistics', () => {
  it('keeps ten minutes of seconds and two hours of averages, however long it goes on', () => {
    const history = new StatisticsHistory();
    const seconds = 3 * 3600;
    for (let second = 1; second <= seconds; second++) history.push(second * 1000, at(second % 10));
    const { fine, coarse } = history;
    expect(fine.times).toHaveLength(600);
    expect(fine.times.at(0)).toBe((seconds - 599) * 1000);
    expect(fine.times.at(-1)).toBe(seconds * 1000);
    expect(fine.columns['cpu']?.slice(-3)).toEqual([8, 9, 0]);
    expect(coarse.times).toHaveLength(720);
    expect(coarse.times.at(0)).toBe((seconds - 7190) * 1000);
    expect(new Set(coarse.columns['cpu'])).toEqual(new Set([4.5]));
  });

  it('has gaps where a part was not there, and forgets parts that are gone for long', () => {
    const history = new StatisticsHistory();
    history.push(1000, at(1));
    history.push(2000, at(1, { 'disk:disk1:reads': 7 }));
    history.push(3000, at(1));
    expect(history.fine.columns['disk:disk1:reads']).toEqual([null, 7, null]);
    for (let second = 4; second < 1300; second++) history.push(second * 1000, at(1));
    expect(Object.keys(history.fine.columns)).toEqual(['cpu']);
  });

  it('averages only what was measured', () => {
    const history = new StatisticsHistory();
    for (let second = 1; second <= 10; second++) {
      history.push(second * 1000, second > 8 ? at(0, { 'nic:nic0:sendBytes': 100 }) : at(0));
    }
    expect(history.coarse.columns['nic:nic0:sendBytes']).toEqual([100]);
  });

  it('shows averages and then the seconds that are in none yet', () => {
    const history = new StatisticsHistory();
    for (let second = 1; second <= 12; second++) history.push(second * 1000, at(second > 10 ? 5 : 1));
    history.push(13_000, at(5, { 'vcpu:0': 2 }));
    expect(history.long).toEqual({
      times: [10_000, 11_000, 12_000, 13_000],
      columns: { cpu: [1, 5, 5, 5], 'vcpu:0': [null, null, null, 2] },
    });
  });

  it('goes on from a copy as from the original', () => {
    const original = new StatisticsHistory();
    for (let second = 1; second <= 750; second++) original.push(second * 1000, at(second));
    const copy = new StatisticsHistory();
    copy.restore(original.fine, original.coarse);
    expect(copy.fine).toEqual(original.fine);
    expect(copy.coarse).toEqual(original.coarse);
    for (const history of [original, copy]) history.push(751_000, at(3, { 'vcpu:0': 1 }));
    expect(copy.fine).toEqual(original.fine);
    expect(copy.recent('cpu', 2)).toEqual([750, 3]);
    expect(copy.recent('vcpu:0', 2)).toEqual([null, 1]);
    expect(copy.recent('nothing', 2)).toEqual([null, null]);
  });
});
