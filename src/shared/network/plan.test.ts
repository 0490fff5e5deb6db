import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSubnet } from './address';
import { defaultNetwork, networkConfig, type NetworkConfig } from './config';
import { freeSubnet, overlaps, usualAddresses } from './plan';

const subnetOf = (text: string) => {
  const subnet = parseSubnet(text);
  if (!subnet) throw new Error(text);
  return subnet;
};
const problemsOf = (changes: Partial<NetworkConfig>): string[] =>
  networkConfig
    .safeParse({ ...defaultNetwork(), ...changes })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

describe('the plan of a network', () => {
  it('takes a subnet that overlaps none of those that there are', () => {
    const taken = fc.array(
      fc.tuple(
        fc.constantFrom('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '10.86.0.0/16'),
        fc.boolean(),
      ),
      {
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(taken, (list) => {
        const others = list.map(([text]) => subnetOf(text));
        const free = freeSubnet(others);
        if (free) expect(others.some((other) => overlaps(subnetOf(free), other))).toBe(false);
        else expect(new Set(list.map(([text]) => text)).size).toBeGreaterThanOrEqual(3);
      }),
    );
    expect(freeSubnet([subnetOf('0.0.0.0/0')])).toBeUndefined();
    expect(freeSubnet([subnetOf('10.86.0.0/24')])).toBe('10.86.1.0/24');
  });

  it('puts the gateway and DHCP into any subnet', () => {
    for (let prefix = 8; prefix <= 29; prefix++) {
      const subnet = `10.0.0.0/${prefix}`;
      expect(problemsOf({ subnet, ...usualAddresses(subnetOf(subnet)) })).toEqual([]);
    }
  });
});

describe('the settings of a network', () => {
  it.each<[Partial<NetworkConfig>, string]>([
    [{ gateway: '10.86.1.1' }, 'gateway'],
    [{ gateway: '10.86.0.255' }, 'gateway'],
    [{ dhcp: { enabled: true, first: '10.86.0.9', last: '10.86.0.8' } }, 'dhcp.last'],
    [{ mtu: 1000, ipv6: { prefix: 'fd00:1::/64' } }, 'mtu'],
    [{ ipv6: { prefix: '2001:db8::/64' } }, 'ipv6.prefix'],
    [{ names: [{ name: 'a b', address: '1.2.3.4' }] }, 'names.0.name'],
    [{ names: [{ name: 'a', address: 'b' }] }, 'names.0.address'],
    [{ reservations: [{ mac: '52:54:00:00:00:01', address: '10.87.0.1' }] }, 'reservations.0.address'],
    [
      {
        reservations: [
          { mac: '52:54:00:00:00:0a', address: '10.86.0.5' },
          { mac: '52:54:00:00:00:0A', address: '10.86.0.6' },
        ],
      },
      'reservations.1.mac',
    ],
    [{ kind: 'isolated', offers: [{ protocol: 'tcp', port: 80, hostPort: 80 }] }, 'offers'],
  ])('are refused where they contradict each other: %j', (changes, place) => {
    const [problem] = problemsOf(changes);
    expect(problem?.split(' ')[0]).toBe(place);
  });

  it('let two forwards have no port in common', () => {
    const forward = {
      id: 'a',
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort: 8000,
      machine: 'aaaaaaaaaaaaaaaa',
      guestPort: 80,
    } as const;
    const with_ = (other: object): string[] =>
      problemsOf({
        forwards: [
          { ...forward, count: 10 },
          { ...forward, id: 'b', ...other },
        ],
      });
    expect(with_({ hostPort: 8010 })).toEqual([]);
    expect(with_({ hostPort: 8009, protocol: 'udp' })).toEqual([]);
    expect(with_({ hostPort: 8009, hostAddress: '127.0.0.2' })).toEqual([]);
    expect(with_({ hostPort: 8009 })).toEqual(['forwards.1.hostPort is forwarded already']);
    expect(with_({ hostPort: 8009, hostAddress: '0.0.0.0' })).toHaveLength(1);
    expect(with_({ hostPort: 65_530, count: 10 })).toHaveLength(1);
  });
});
