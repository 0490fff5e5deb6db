import { expect, it } from 'vitest';
import { codePage437 } from './code-page-437';

it('has 256 characters, each where it belongs', () => {
  expect(codePage437).toHaveLength(256);
  const samples: [number, string][] = [
    [0x01, '☺'], [0x1f, '▼'], [0x20, ' '], [0x41, 'A'], [0x7e, '~'], [0x7f, '⌂'], [0x80, 'Ç'],
    [0x9b, '¢'], [0xaf, '»'], [0xb3, '│'], [0xc9, '╔'], [0xcd, '═'], [0xdb, '█'], [0xe1, 'ß'], [0xf8, '°'],
    [0xff, '\u00a0'],
  ]; // prettier-ignore
  for (const [code, character] of samples) expect(codePage437[code]).toBe(character);
});
