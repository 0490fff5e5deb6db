import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasProcess, isAllowed, machineActions, type MachineEvent, machineStates, transition } from './state';

const events: MachineEvent[] = [
  'start',
  'restore',
  'started',
  'pause',
  'resume',
  'stop',
  'save',
  'saved',
  'save-failed',
  'restore-failed',
  'stopped',
  'crashed',
  'discard',
];

describe('machine states', () => {
  it('walks through a day of a machine', () => {
    const day: [MachineEvent, string][] = [
      ['start', 'starting'],
      ['started', 'running'],
      ['pause', 'paused'],
      ['resume', 'running'],
      ['save', 'saving'],
      ['saved', 'saved'],
      ['restore', 'restoring'],
      ['started', 'running'],
      ['stop', 'stopping'],
      ['stopped', 'off'],
    ];
    let state = machineStates[0] as (typeof machineStates)[number];
    for (const [event, expected] of day) {
      state = transition(state, event) ?? state;
      expect(state, event).toBe(expected);
    }
  });

  it('refuses what makes no sense', () => {
    expect(transition('off', 'pause')).toBeUndefined();
    expect(transition('saved', 'start')).toBeUndefined();
    expect(transition('running', 'start')).toBeUndefined();
  });

  it('keeps the saved state whatever happens while it is being restored, until the guest runs', () => {
    expect(transition('restoring', 'crashed')).toBe('saved');
    expect(transition('restoring', 'restore-failed')).toBe('saved');
  });

  it('knows a way out of every state in which a process exists, if that process dies', () => {
    for (const state of machineStates.filter(hasProcess)) {
      const after = transition(state, 'crashed');
      expect(after, state).toBeDefined();
      expect(hasProcess(after ?? state), state).toBe(false);
    }
  });

  it('reaches no state with a process but by starting or restoring', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events)), (sequence) => {
        let state = machineStates[0] as (typeof machineStates)[number];
        for (const event of sequence) {
          const before = state;
          state = transition(state, event) ?? state;
          if (!hasProcess(before) && hasProcess(state)) expect(['start', 'restore']).toContain(event);
        }
      }),
    );
  });

  it('allows the power to be cut wherever a guest may run or hang', () => {
    for (const state of ['starting', 'running', 'paused', 'stopping'] as const) {
      expect(isAllowed('powerOff', state)).toBe(true);
    }
    expect(isAllowed('delete', 'running')).toBe(false);
    expect(Object.values(machineActions).every((states) => states.length > 0)).toBe(true);
  });
});
