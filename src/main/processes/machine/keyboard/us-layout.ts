import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** The keys of a keyboard with US layout: a name of `KeyboardEvent.code`, without and with Shift. */
const keys: readonly [code: string, plain: string, shifted: string][] = [
  ...[...'abcdefghijklmnopqrstuvwxyz'].map((letter): [string, string, string] => [
    `Key${letter.toUpperCase()}`,
    letter,
    letter.toUpperCase(),
  ]),
  ...[...')!@#$%^&*('].map((sign, digit): [string, string, string] => [`Digit${digit}`, `${digit}`, sign]),
  ['Minus', '-', '_'],
  ['Equal', '=', '+'],
  ['BracketLeft', '[', '{'],
  ['BracketRight', ']', '}'],
  ['Backslash', '\\', '|'],
  ['Semicolon', ';', ':'],
  ['Quote', "'", '"'],
  ['Backquote', '`', '~'],
  ['Comma', ',', '<'],
  ['Period', '.', '>'],
  ['Slash', '/', '?'],
];

const chords = new Map<string, readonly string[]>([
  [' ', ['Space']],
  ['\n', ['Enter']],
  ['\t', ['Tab']],
  ...keys.flatMap(([code, plain, shifted]): [string, string[]][] => [
    [plain, [code]],
    [shifted, ['ShiftLeft', code]],
  ]),
]);

/** Characters that are named when a text cannot be typed. */
const namedAtMost = 20;

/**
 * The chords that type a text on a keyboard with US layout; every kind of line break is the Enter key.
 * @throws Failure `input.invalid`, naming the characters that are not on that keyboard
 */
export function chordsOf(text: string): (readonly string[])[] {
  const missing = new Set<string>();
  const typed = [...text.replace(/\r\n?/g, '\n')].map((character) => {
    const chord = chords.get(character);
    if (!chord) missing.add(character);
    return chord ?? [];
  });
  if (missing.size === 0) return typed;
  const names = [...missing].slice(0, namedAtMost).map(nameOf).join(' ');
  const more = missing.size > namedAtMost ? ' …' : '';
  throw new Failure('input.invalid', phrase('consoleUse.notOnKeyboard', { characters: names + more }), {
    hint: phrase('consoleUse.notOnKeyboardHint'),
  });
}

/** A character that can be seen stands for itself; others are told by their number. */
function nameOf(character: string): string {
  if (/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)) return character;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
