import { describe, expect, it } from 'vitest';
import { hostKeyChoices } from '@shared/desktop/choices';
import { hostChordsWith, hostCommand, keyCombos } from './key-combos';

const press = (
  code: string,
  modifiers: Partial<Record<'ctrl' | 'alt' | 'shift' | 'meta', boolean>> = {},
) => ({
  code,
  ctrlKey: modifiers.ctrl ?? false,
  altKey: modifiers.alt ?? false,
  shiftKey: modifiers.shift ?? false,
  metaKey: modifiers.meta ?? false,
});

describe('keyCombos', () => {
  it('have ids of their own and fit the command that sends them', () => {
    const all = keyCombos.flat();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { keys } of all) {
      expect(keys.length).toBeGreaterThan(0);
      expect(keys.length).toBeLessThanOrEqual(8);
      for (const key of keys) expect(key).toMatch(/^[A-Z][A-Za-z0-9]{1,23}$/);
    }
  });

  it('press modifiers first', () => {
    const combo = keyCombos.flat().find(({ id }) => id === 'ctrl-alt-f3');
    expect(combo?.keys).toEqual(['ControlLeft', 'AltLeft', 'F3']);
  });
});

describe('hostCommand', () => {
  it('knows the chords of the window', () => {
    expect(hostCommand(press('KeyM', { ctrl: true, alt: true }))).toBe('toolbar');
    expect(hostCommand(press('KeyG', { ctrl: true, alt: true }))).toBe('release-mouse');
    expect(hostCommand(press('Enter', { ctrl: true, alt: true }))).toBe('full-screen');
    expect(hostCommand(press('F11'))).toBe('full-screen');
    expect(hostCommand(press('KeyS', { ctrl: true, shift: true }))).toBe('take-snapshot');
  });

  it('follows the keys that were chosen', () => {
    for (const keys of hostKeyChoices) {
      const held = { ctrl: true, alt: keys.includes('alt'), shift: keys.includes('shift') };
      expect(hostCommand(press('KeyG', held), keys)).toBe('release-mouse');
      for (const others of hostKeyChoices) {
        if (others !== keys) expect(hostCommand(press('KeyG', held), others)).toBeUndefined();
      }
      expect(hostChordsWith(keys)['release-mouse'].split('+')).toHaveLength(keys.split('-').length + 1);
    }
    expect(hostCommand(press('KeyS', { ctrl: true, shift: true }), 'ctrl-shift')).toBe('take-snapshot');
  });

  it('leaves every other key to the guest', () => {
    expect(hostCommand(press('KeyM'))).toBeUndefined();
    expect(hostCommand(press('KeyM', { ctrl: true }))).toBeUndefined();
    expect(hostCommand(press('KeyG', { ctrl: true, alt: true, shift: true }))).toBeUndefined();
    expect(hostCommand(press('F11', { ctrl: true }))).toBeUndefined();
    expect(hostCommand(press('F10'))).toBeUndefined();
    expect(hostCommand(press('KeyS', { ctrl: true }))).toBeUndefined();
    expect(hostCommand(press('KeyS', { ctrl: true, alt: true, shift: true }))).toBeUndefined();
    expect(hostCommand(press('Escape'))).toBeUndefined();
  });
});
