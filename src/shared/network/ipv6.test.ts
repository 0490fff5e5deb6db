import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { formatIpv6, inPrefix6, parseIpv6, parsePrefix6 } from './ipv6';

describe('IPv6 addresses', () => {
  it('come back as they were written', () => {
    // Many zeros, so that there is something to shorten.
    const word = fc.oneof(fc.constant(0), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
        const long = words.map((value) => value.toString(16)).join(':');
        const address = parseIpv6(long) ?? '';
        const short = formatIpv6(address);
        expect(isIPv6(short)).toBe(true);
        expect(parseIpv6(short)).toBe(address);
        expect(new URL(`http://[${long}]/`).hostname).toBe(`[${short}]`);
      }),
    );
  });

  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['FD00::0001:0', 'fd00::1:0'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s is %s', (text, short) => expect(formatIpv6(parseIpv6(text) ?? '')).toBe(short));

  it('are what the system takes for such', () => {
    const piece = fc.constantFrom(
      ':',
      '::',
      '0',
      'f',
      '12ab',
      '12345',
      'g',
      '.',
      '1.2.3.4',
      '256.1.1.1',
      '%1',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        // The system also takes zones, which mean nothing here.
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text) && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });

  it('form prefixes', () => {
    const prefix = parsePrefix6('fd12:3456::/36');
    expect(prefix && inPrefix6(parseIpv6('fd12:3456:fff::1') ?? '', prefix)).toBe(true);
    expect(prefix && inPrefix6(parseIpv6('fd12:3456:1000::1') ?? '', prefix)).toBe(false);
    for (const wrong of ['fd00::1/64', 'fd00::', 'fd00::/129', 'fd00::/64/1']) {
      expect(parsePrefix6(wrong)).toBeUndefined();
    }
  });
});
