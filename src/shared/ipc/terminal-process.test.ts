import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeTerminalInput, encodeTerminalInput } from './terminal-process';

it('keys and sizes arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (keys) => {
      expect(decodeTerminalInput(encodeTerminalInput({ keys }))).toEqual({ keys });
    }),
  );
  expect(decodeTerminalInput(encodeTerminalInput({ columns: 80, rows: 24 }))).toEqual({
    columns: 80,
    rows: 24,
  });
});

it('nothing else is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (message) => {
      const input = decodeTerminalInput(message);
      if (message[0] === 0) expect(input).toEqual({ keys: message.subarray(1) });
      else if (input && 'columns' in input)
        expect(Math.min(input.columns, input.rows)).toBeGreaterThanOrEqual(2);
      else expect(input).toBeUndefined();
    }),
  );
  expect(decodeTerminalInput(encodeTerminalInput({ columns: 1, rows: 24 }))).toBeUndefined();
  expect(decodeTerminalInput(encodeTerminalInput({ columns: 80, rows: 60_000 }))).toBeUndefined();
});
