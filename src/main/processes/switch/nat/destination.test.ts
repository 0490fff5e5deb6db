import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpv4 } from '@shared/network/address';
import { firewall as firewallSettings } from '@shared/network/firewall';
import { parseIpv6 } from '@shared/network/ipv6';
import type { z } from 'zod';
import { Firewall } from '../firewall/firewall';
import type { Address } from '../ip/address';
import { ranges } from '../ip/range';
import { type Destination, destinationOf, type DestinationSettings } from './destination';
import { hostAddresses } from './host-addresses';

const at = (text: string): Address => parseIpv4(text) ?? parseIpv6(text) ?? '';
const settings = (
  firewall: z.input<typeof firewallSettings> = {},
  changes: Partial<DestinationSettings> = {},
): DestinationSettings => ({
  own: new Set([at('10.86.0.1'), at('fd00:86::1')]),
  inside: ranges('10.86.0.0/24', 'fd00:86::/64'),
  internet: true,
  offers: [{ protocol: 'tcp', port: 80, hostPort: 8080 }],
  firewall: new Firewall(firewallSettings.parse(firewall)),
  ...changes,
});
const told = (destination: Destination): string =>
  destination.kind === 'host'
    ? `${destination.address} ${destination.port}`
    : destination.kind === 'closed'
      ? 'closed'
      : destination.obstacle;
const to = (address: string, firewall: z.input<typeof firewallSettings> = {}, port = 443): string =>
  told(destinationOf('tcp', at(address), port, settings(firewall)));

describe('the place where a packet of a guest goes', () => {
  it('is never the host’s loopback, however it is written', () => {
    for (const address of [
      ...[
        '127.0.0.1',
        '127.255.255.254',
        '0.0.0.0',
        '0.1.2.3',
        '169.254.169.254',
        '224.0.0.1',
        '255.255.255.255',
      ],
      ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b:1::7f00:1'],
      ...['2002:7f00:1::1', '2001:0:7f00:1::1', 'fe80::1', 'fec0::1', 'ff02::1', '100::1'],
      ...hostAddresses().loopback,
    ]) {
      expect([address, to(address)]).toEqual([address, 'prohibited']);
    }
    fc.assert(
      fc.property(fc.nat(0xffffff), fc.integer({ min: 1, max: 65_535 }), (low, port) => {
        expect(destinationOf('udp', 0x7f000000 + low, port, settings()).kind).toBe('unreachable');
      }),
    );
  });

  it('is what is offered, a neighbour, or the world', () => {
    expect(to('10.86.0.1', {}, 80)).toBe('127.0.0.1 8080');
    expect(to('fd00:86::1', {}, 80)).toBe('127.0.0.1 8080');
    expect(to('10.86.0.1', {}, 81)).toBe('closed');
    expect(told(destinationOf('udp', at('10.86.0.1'), 80, settings()))).toBe('closed');
    expect(to('10.86.0.77')).toBe('host');
    expect(to('fd00:86::77')).toBe('host');
    expect(to('203.0.113.7')).toBe('203.0.113.7 443');
    expect(to('2001:db8::7')).toBe('2001:db8::7 443');
    expect(told(destinationOf('tcp', at('2001:db8::7'), 443, settings({}, { internet: false })))).toBe(
      'network',
    );
  });

  it('is not this computer, or not its networks, when a person says so', () => {
    for (const address of ['192.168.7.7', '10.1.2.3', '172.31.0.1', '100.64.0.1', 'fd12::1']) {
      expect([to(address), to(address, { noLan: true })]).toEqual([`${address} 443`, 'prohibited']);
    }
    expect(to('203.0.113.7', { noLan: true, noHost: true })).toBe('203.0.113.7 443');
    expect(to('10.86.0.1', { noHost: true }, 80)).toBe('prohibited');
    for (const own of hostAddresses().own) {
      if (own.startsWith('fe80')) continue;
      expect(to(own)).toBe(`${own} 443`);
      expect(to(own, { noHost: true })).toBe('prohibited');
      // It is on its own network, but it is this computer that is meant by the other switch.
      expect(to(own, { noLan: true })).toBe(`${own} 443`);
    }
  });

  it('is what the first rule that fits says', () => {
    const rules: z.input<typeof firewallSettings>['rules'] = [
      { action: 'allow', direction: 'out', address: '192.168.1.5', ports: { first: 440, last: 450 } },
      { action: 'deny', direction: 'out', protocol: 'tcp', address: '198.51.100.0/24' },
      { action: 'deny', direction: 'out', address: '2001:db8::/32' },
      { action: 'deny', direction: 'in' },
    ];
    const firewall = { rules, noLan: true };
    expect(to('192.168.1.5', firewall)).toBe('192.168.1.5 443');
    expect(to('192.168.1.5', firewall, 451)).toBe('prohibited');
    expect(to('198.51.100.200', firewall)).toBe('prohibited');
    expect(told(destinationOf('udp', at('198.51.100.200'), 53, settings(firewall)))).toBe(
      '198.51.100.200 53',
    );
    expect(to('2001:db8:1::1', firewall)).toBe('prohibited');
    expect(to('2001:db9::1', firewall)).toBe('2001:db9::1 443');
    // No rule opens what is closed in any case.
    expect(to('127.0.0.1', { rules: [{ action: 'allow', direction: 'out' }] })).toBe('prohibited');
    const inward = new Firewall(firewallSettings.parse(firewall));
    expect(inward.permitsIn('tcp', at('127.0.0.1'), 22)).toBe(false);
  });
});
