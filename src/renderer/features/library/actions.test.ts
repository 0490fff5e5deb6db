import { machineStates } from '@shared/machine/state';
import { describe, expect, it } from 'vitest';
import { testMachine } from '../../testing/machines';
import { actionLabel, isPossible, libraryActions, menuGroups, possibleActions } from './actions';
import { matches } from './search';

describe('what can be done', () => {
  it('with an inaccessible machine is only to look again, show it or take it off the list', () => {
    const machine = { ...testMachine(1, 'One'), inaccessible: true, config: null };
    expect(possibleActions([machine], true)).toEqual(['showInFolder', 'rescan', 'forget']);
  });

  it('with a machine that is off', () => {
    expect(possibleActions([testMachine(1, 'One')], false)).toEqual([
      'start',
      'takeSnapshot',
      'snapshots',
      'clone',
      'template',
      'settings',
      'rename',
      'move',
      'delete',
    ]);
  });

  it('with a running machine never includes deleting or starting it', () => {
    const actions = possibleActions([testMachine(1, 'One', 'running')], false);
    expect(actions).toEqual(
      expect.arrayContaining(['openConsole', 'pause', 'powerButton', 'powerOff', 'save']),
    );
    expect(actions).not.toContain('delete');
    expect(actions).not.toContain('start');
  });

  it('with several is what at least one of them can do, without what is about one', () => {
    const actions = possibleActions([testMachine(1, 'One'), testMachine(2, 'Two', 'paused')], true);
    expect(actions).toContain('start');
    expect(actions).toContain('resume');
    expect(actions).not.toContain('rename');
    expect(possibleActions([], true)).toEqual([]);
  });

  it('is all in the menu', () => {
    expect(menuGroups.flat().sort()).toEqual([...libraryActions].sort());
  });

  it('always includes a way to a console or a start, in every state that lasts', () => {
    for (const state of machineStates) {
      const machine = testMachine(1, 'One', state);
      expect(isPossible('openConsole', machine, false) || isPossible('start', machine, false)).toBe(true);
    }
  });

  it('is called going on where a saved state waits', () => {
    expect(actionLabel('start', [testMachine(1, 'One', 'saved')])).toBe('library.action.restore');
    expect(actionLabel('start', [testMachine(1, 'One', 'saved'), testMachine(2, 'Two')])).toBe(
      'library.action.start',
    );
  });
});

describe('searching', () => {
  it('finds every word, without regard to case and accents', () => {
    const machine = testMachine(1, 'Café Server');
    expect(matches(machine, '')).toBe(true);
    expect(matches(machine, 'cafe linux')).toBe(true);
    expect(matches(machine, 'SERVER')).toBe(true);
    expect(matches(machine, 'cafe windows')).toBe(false);
  });
});
