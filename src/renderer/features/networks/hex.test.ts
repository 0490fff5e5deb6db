import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, hexLines, readable } from './hex';

describe('bytes', () => {
  it('are shown sixteen a line, with what can be read of them', () => {
    const bytes = new TextEncoder().encode('GET / HTTP/1.1\r\nHost');
    expect(hexLines(bytes)).toEqual([
      '0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..',
      '0010  48 6f 73 74                                      Host',
    ]);
    expect(hexLines(new Uint8Array())).toEqual([]);
  });

  it('come whole out of base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([...bytesOf(btoa(String.fromCharCode(...bytes)))]).toEqual([...bytes]);
      }),
    );
  });

  it('are read as text without what a page would obey or hide', () => {
    expect(readable(new TextEncoder().encode('a\u202eb\r\n\tc\0机'))).toBe('a.b.\n\tc.机');
  });
});
