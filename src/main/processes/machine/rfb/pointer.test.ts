import { expect, it } from 'vitest';
import { PointerTranslator } from './pointer';
import { recordedInput } from './testing/recorded-input';

const screen = { width: 800, height: 600 };

function translator() {
  const input = recordedInput();
  return { calls: input.calls, pointer: new PointerTranslator(input) };
}

it('passes on positions, kept inside the screen', () => {
  const { calls, pointer } = translator();
  pointer.handle({ buttons: 0, x: 10, y: 20 }, 'absolute', false, screen);
  pointer.handle({ buttons: 0, x: 65535, y: 601 }, 'absolute', false, screen);
  expect(calls).toEqual(['at 10,20 of 800x600', 'at 799,599 of 800x600']);
});

it('passes on movement of viewers that send it', () => {
  const { calls, pointer } = translator();
  pointer.handle({ buttons: 1, x: 0x7fff - 3, y: 0x7fff + 4 }, 'relative', true, screen);
  pointer.handle({ buttons: 1, x: 0x7fff, y: 0x7fff }, 'relative', true, screen);
  expect(calls).toEqual(['by -3,4', 'buttons L--']);
});

it('makes movement of positions for other viewers', () => {
  const { calls, pointer } = translator();
  pointer.handle({ buttons: 0, x: 100, y: 100 }, 'relative', false, screen);
  pointer.handle({ buttons: 0, x: 90, y: 105 }, 'relative', false, screen);
  expect(calls).toEqual(['by -10,5']);
});

it('drops what was sent before the viewer heard of the other mode', () => {
  const { calls, pointer } = translator();
  pointer.handle({ buttons: 0, x: 400, y: 300 }, 'relative', true, screen);
  pointer.handle({ buttons: 0, x: 0x7fff + 2, y: 0x7fff }, 'absolute', true, screen);
  expect(calls).toEqual([]);
});

it('reports buttons only when they change, and releases them at the end', () => {
  const { calls, pointer } = translator();
  const at = { x: 0, y: 0 };
  for (const buttons of [0, 5, 5, 7]) pointer.handle({ buttons, ...at }, 'relative', false, screen);
  pointer.release();
  pointer.release();
  expect(calls).toEqual(['buttons L-R', 'buttons LMR', 'buttons ---']);
});

it('turns the wheel one step for each press', () => {
  const { calls, pointer } = translator();
  for (const buttons of [8, 0, 16, 16, 0, 32, 64]) {
    pointer.handle({ buttons, x: 0, y: 0 }, 'relative', false, screen);
  }
  expect(calls).toEqual(['wheel 0,-1', 'wheel 0,1', 'wheel -1,0', 'wheel 1,0']);
});
