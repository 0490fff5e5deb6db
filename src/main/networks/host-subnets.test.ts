import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { formatIpv4, inSubnet, parseIpv4 } from '@shared/network/address';
import { hostSubnets, parseRoutes } from './host-subnets';

describe('the networks that this computer has a way to', () => {
  it('are read from Linux’s table of routes', () => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      'tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0',
      'broken\tline',
      '',
    ].join('\n');
    expect(
      parseRoutes(table).map(({ network, broadcast, prefix }) => [
        formatIpv4(network),
        formatIpv4(broadcast),
        prefix,
      ]),
    ).toEqual([
      ['192.0.2.0', '192.0.2.255', 24],
      ['10.0.0.0', '10.255.255.255', 8],
    ]);
  });

  it('hold every address of its own', async () => {
    const subnets = await hostSubnets();
    const own = Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
    );
    expect(own.length).toBeGreaterThan(0);
    for (const address of own) {
      expect(subnets.some((subnet) => inSubnet(parseIpv4(address) ?? 0, subnet))).toBe(true);
    }
  });
});
