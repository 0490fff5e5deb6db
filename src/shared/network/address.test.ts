import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, formatMac, inSubnet, parseIpv4, parseMac, parseSubnet } from './address';

describe('addresses', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), (number) => {
        const mac = number % 2 ** 48;
        expect(parseMac(formatMac(mac))).toBe(mac);
      }),
    );
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', 'a.b.c.d', '-1.2.3.4'])(
    'refuse %j',
    (text) => expect(parseIpv4(text)).toBeUndefined(),
  );

  it('form subnets', () => {
    const subnet = parseSubnet('10.0.2.0/24');
    expect(subnet && [subnet.network, subnet.broadcast, subnet.mask].map(formatIpv4)).toEqual([
      '10.0.2.0',
      '10.0.2.255',
      '255.255.255.0',
    ]);
    expect(subnet && inSubnet(parseIpv4('10.0.2.77') ?? 0, subnet)).toBe(true);
    expect(subnet && inSubnet(parseIpv4('10.0.3.0') ?? 0, subnet)).toBe(false);
    for (const wrong of ['10.0.2.1/24', '10.0.2.0', '10.0.2.0/33', '10.0.2.0/24/1']) {
      expect(parseSubnet(wrong)).toBeUndefined();
    }
  });
});
