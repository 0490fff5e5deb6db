import { describe, expect, it } from 'vitest';
import { machineStates } from '@shared/machine/state';
import { hasScreen, isTranslucent, screenNotice } from './screen-notice';

const machine = (state: (typeof machineStates)[number], inaccessible = false) => ({ state, inaccessible });

describe('screenNotice', () => {
  it('says nothing only over a connected screen of a running machine', () => {
    for (const state of machineStates) {
      for (const connection of ['none', 'connecting', 'connected', 'lost'] as const) {
        const silent = screenNotice(machine(state), connection) === 'none';
        expect(silent).toBe(state === 'running' && connection === 'connected');
      }
    }
  });

  it('tells a screen that is being fetched from one that was lost', () => {
    expect(screenNotice(machine('running'), 'none')).toBe('connecting');
    expect(screenNotice(machine('running'), 'connecting')).toBe('connecting');
    expect(screenNotice(machine('running'), 'lost')).toBe('lost');
  });

  it('gives the reason of a machine that cannot run', () => {
    expect(screenNotice(undefined, 'none')).toBe('loading');
    expect(screenNotice(null, 'connected')).toBe('removed');
    expect(screenNotice(machine('off', true), 'none')).toBe('inaccessible');
    expect(screenNotice(machine('aborted'), 'lost')).toBe('aborted');
  });

  it('leaves the last picture visible only where there is one', () => {
    for (const state of machineStates) {
      const notice = screenNotice(machine(state), 'connected');
      if (isTranslucent(notice)) expect(hasScreen(state)).toBe(true);
    }
    expect(isTranslucent('paused')).toBe(true);
    expect(isTranslucent('off')).toBe(false);
  });
});
