import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/**
 * Scan codes of set 1 by the names of `KeyboardEvent.code` (W3C UI Events KeyboardEvent code Values); 0xe000 is
 * added where the code has the prefix E0.
 */
const extended = 0xe000;

function row(first: number, ...names: string[]): [string, number][] {
  return names.map((name, index) => [name, first + index]);
}

const keyCodes = new Map<string, number>([
  ['Escape', 0x01],
  ...row(0x02, 'Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9'),
  ...row(0x0b, 'Digit0', 'Minus', 'Equal', 'Backspace', 'Tab'),
  ...row(0x10, 'KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP'),
  ...row(0x1a, 'BracketLeft', 'BracketRight', 'Enter', 'ControlLeft'),
  ...row(0x1e, 'KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK', 'KeyL'),
  ...row(0x27, 'Semicolon', 'Quote', 'Backquote', 'ShiftLeft', 'Backslash'),
  ...row(0x2c, 'KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN', 'KeyM', 'Comma', 'Period', 'Slash'),
  ...row(0x36, 'ShiftRight', 'NumpadMultiply', 'AltLeft', 'Space', 'CapsLock'),
  ...row(0x3b, 'F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10'),
  ...row(0x45, 'NumLock', 'ScrollLock', 'Numpad7', 'Numpad8', 'Numpad9', 'NumpadSubtract'),
  ...row(0x4b, 'Numpad4', 'Numpad5', 'Numpad6', 'NumpadAdd', 'Numpad1', 'Numpad2', 'Numpad3'),
  ...row(0x52, 'Numpad0', 'NumpadDecimal'),
  ...row(0x56, 'IntlBackslash', 'F11', 'F12'),
  ['KanaMode', 0x70],
  ['IntlRo', 0x73],
  ['Convert', 0x79],
  ['NonConvert', 0x7b],
  ['IntlYen', 0x7d],
  ['NumpadEnter', extended | 0x1c],
  ['ControlRight', extended | 0x1d],
  ['NumpadDivide', extended | 0x35],
  ['PrintScreen', extended | 0x37],
  ['AltRight', extended | 0x38],
  ['Home', extended | 0x47],
  ['ArrowUp', extended | 0x48],
  ['PageUp', extended | 0x49],
  ['ArrowLeft', extended | 0x4b],
  ['ArrowRight', extended | 0x4d],
  ['End', extended | 0x4f],
  ['ArrowDown', extended | 0x50],
  ['PageDown', extended | 0x51],
  ['Insert', extended | 0x52],
  ['Delete', extended | 0x53],
  ['MetaLeft', extended | 0x5b],
  ['MetaRight', extended | 0x5c],
  ['ContextMenu', extended | 0x5d],
  ['Power', extended | 0x5e],
]);

const breakBit = 0x80;

/**
 * What a keyboard sends when the keys go down in this order and up in the reverse: one array of bytes for each
 * movement of a key.
 * @throws Failure `input.invalid` for a name that is not known
 */
export function chord(keys: readonly string[]): number[][] {
  const codes = keys.map((key) => {
    const code = keyCodes.get(key);
    if (code === undefined) throw new Failure('input.invalid', phrase('device.noKey', { key }));
    return code;
  });
  const bytes = (code: number, up: boolean): number[] => {
    const last = (code & 0xff) | (up ? breakBit : 0);
    return code & extended ? [0xe0, last] : [last];
  };
  return [...codes.map((code) => bytes(code, false)), ...codes.reverse().map((code) => bytes(code, true))];
}
