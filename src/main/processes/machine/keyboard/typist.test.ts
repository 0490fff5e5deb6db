import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Typist } from './typist';
import { chordsOf } from './us-layout';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What a US keyboard's scan codes (set 1) give, as the other side reads them. */
const plain = new Map(
  [
    [0x02, '1234567890-='],
    [0x10, 'qwertyuiop[]\n'],
    [0x1e, "asdfghjkl;'`"],
    [0x2b, '\\zxcvbnm,./'],
    [0x0f, '\t'],
    [0x39, ' '],
  ].flatMap(([first, row]) =>
    [...String(row)].map((key, index): [number, string] => [Number(first) + index, key]),
  ),
);
const withShift = new Map(
  [..."1234567890-=[];'`\\,./"].map((key, index) => [key, '!@#$%^&*()_+{}:"~|<>?'[index] ?? '']),
);

function read(codes: number[]): string {
  let shift = false;
  let text = '';
  for (const code of codes) {
    if ((code & 0x7f) === 0x2a) shift = code < 0x80;
    else if (code < 0x80) {
      const key = plain.get(code) ?? '?';
      text += shift ? (withShift.get(key) ?? key.toUpperCase()) : key;
    }
  }
  return text;
}

it('types every text of a US keyboard', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 60,
      }),
      async (line) => {
        const codes: number[] = [];
        new Typist(() => 'running').begin(`${line}\r\n\t`, (bytes) => codes.push(...bytes));
        await vi.advanceTimersByTimeAsync(5000);
        expect(read(codes)).toBe(`${line}\n\t`);
        // Nothing stays pressed.
        const down = codes.filter((code) => code < 0x80);
        expect(codes.filter((code) => code >= 0x80).sort()).toEqual(down.map((code) => code + 0x80).sort());
      },
    ),
  );
});

it('names what it cannot type, and types nothing of it', () => {
  const sent: number[] = [];
  const begin = () => new Typist(() => 'running').begin('ls é中\u0007 x', (bytes) => sent.push(...bytes));
  expect(begin).toThrow(/US keyboard: é 中 U\+0007$/);
  expect(sent).toEqual([]);
  expect(() => chordsOf('ä'.repeat(50))).toThrow(/: ä$/);
});

it('waits while the machine is paused, and stops with it', async () => {
  let state: 'running' | 'paused' | 'over' = 'running';
  const codes: number[] = [];
  const typist = new Typist(() => state);
  typist.begin('abc', (bytes) => codes.push(...bytes));
  expect(() => typist.begin('d', () => undefined)).toThrow(/still being typed/);
  state = 'paused';
  await vi.advanceTimersByTimeAsync(1000);
  expect(read(codes)).toBe('a');
  state = 'running';
  await vi.advanceTimersByTimeAsync(130);
  expect(read(codes)).toMatch(/^ab/);
  state = 'over';
  await vi.advanceTimersByTimeAsync(1000);
  expect(read(codes)).not.toBe('abc\n');
  typist.begin('e', () => {
    throw new Error('gone');
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(() => typist.begin('f', () => undefined)).not.toThrow();
});

it('moves no key before a USB keyboard has told of the last one', async () => {
  const times: number[] = [];
  new Typist(() => 'running').begin('Ab', () => times.push(Date.now()));
  await vi.advanceTimersByTimeAsync(1000);
  expect(times).toHaveLength(6);
  for (const [index, time] of times.slice(1).entries())
    expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(10);
});
