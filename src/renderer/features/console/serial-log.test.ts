import type { IBufferLine } from '@xterm/xterm';
import { describe, expect, it } from 'vitest';
import { textOfBuffer } from './serial-log';

/** A terminal's buffer of `width` columns: `+` at the start of a row says that it continues the one before. */
function buffer(width: number, rows: string[]) {
  const lines = rows.map((row) => {
    const isWrapped = row.startsWith('+');
    const text = (isWrapped ? row.slice(1) : row).padEnd(width);
    return {
      isWrapped,
      translateToString: (trimRight?: boolean) => (trimRight ? text.trimEnd() : text),
    } as IBufferLine;
  });
  return { length: lines.length, getLine: (index: number) => lines[index] };
}

describe('textOfBuffer', () => {
  it('joins wrapped rows and keeps the blanks between them', () => {
    const text = textOfBuffer(buffer(8, ['login:', 'a long  ', '+line    ', '+ here', 'end']));
    expect(text).toBe('login:\na long  line     here\nend\n');
  });

  it('leaves out the empty rows below the last text, not those between', () => {
    expect(textOfBuffer(buffer(4, ['a', '', 'b', '', '']))).toBe('a\n\nb\n');
    expect(textOfBuffer(buffer(4, ['', '']))).toBe('');
  });
});
