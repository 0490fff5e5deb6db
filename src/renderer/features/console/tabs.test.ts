import { expect, it } from 'vitest';
import { tabOfChord, tabsOf } from './tabs';

const press = (code: string, changes: Partial<KeyboardEvent> = {}) => ({
  code,
  ctrlKey: true,
  altKey: true,
  shiftKey: false,
  metaKey: false,
  ...changes,
});

it('reaches the screen, every serial port, ssh and the monitor by a chord of its own', () => {
  const tabs = tabsOf(4, true, true);
  expect(tabs.map(({ value }) => value)).toEqual(['screen', 0, 1, 2, 3, 'monitor', 'ssh']);
  for (const { value, chord } of tabs) {
    expect(tabOfChord(press(`Digit${chord.slice(-1)}`), tabs)).toBe(value);
  }
});

it('leaves every other key to the guest', () => {
  const tabs = tabsOf(1, false, false);
  expect(tabOfChord(press('Digit3'), tabs)).toBeUndefined();
  expect(tabOfChord(press('Digit1', { shiftKey: true }), tabs)).toBeUndefined();
  expect(tabOfChord(press('Digit1', { altKey: false }), tabs)).toBeUndefined();
  expect(tabOfChord(press('KeyA'), tabs)).toBeUndefined();
  expect(tabOfChord(press('Digit1'), tabsOf(0, false, false))).toBeUndefined();
});
