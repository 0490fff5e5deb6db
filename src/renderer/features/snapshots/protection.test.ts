import { usualAutomatic } from '@shared/snapshot/automatic';
import { describe, expect, it } from 'vitest';
import { testMachine } from '../../testing/machines';
import { draftOf, intervals, protectionOf } from './protection';

const { config } = testMachine(1, 'Alpha', 'off');

describe('protection', () => {
  it('of a machine without any changes nothing until something is chosen', () => {
    const draft = draftOf(config);
    expect(draft).toMatchObject({ every: 0, atStart: false, atStop: false, discard: false });
    expect(protectionOf(draft, config)).toEqual({});
    expect(protectionOf({ ...draft, every: 60 }, config)).toEqual({ automatic: usualAutomatic });
    expect(protectionOf({ ...draft, discard: true }, config)).toEqual({ discardOnPowerOff: true });
  });

  it('is switched off as a whole', () => {
    const on = { ...config, automaticSnapshots: usualAutomatic, discardOnPowerOff: true } as typeof config;
    const draft = draftOf(on);
    expect(protectionOf(draft, on)).toEqual({});
    expect(protectionOf({ ...draft, every: 0, discard: false }, on)).toEqual({
      automatic: null,
      discardOnPowerOff: false,
    });
  });

  it('offers an interval that somebody has written into the file', () => {
    expect(intervals(0)).toEqual([15, 30, 60, 180, 360, 720, 1440]);
    expect(intervals(45)).toContain(45);
  });
});
