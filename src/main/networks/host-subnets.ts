import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { formatIpv4, parseIpv4, parseSubnet, type Subnet } from '@shared/network/address';

/**
 * The IPv4 networks that this computer has a way to: those that it is on, and on Linux those that its table of
 * routes names (a VPN's among them). A network of machines must not look like one of them. The way to everything
 * (`0.0.0.0/0`) is none of them.
 */
export async function hostSubnets(): Promise<Subnet[]> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ cidr, family }) => (cidr && family === 'IPv4' ? [subnetAround(cidr)] : [])),
  );
  const routes =
    process.platform === 'linux' ? await readFile('/proc/net/route', 'utf8').catch(() => '') : '';
  return [...own, ...parseRoutes(routes)].filter((subnet) => subnet !== undefined);
}

/** The networks of Linux's `/proc/net/route`: hexadecimal numbers in the machine's order of bytes. */
export function parseRoutes(text: string): Subnet[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.split('\t');
      const [destination, mask] = [fields[1], fields[7]].map(fromHex);
      if (destination === undefined || mask === undefined || mask === 0) return [];
      return [
        { network: destination, broadcast: destination + (2 ** 32 - 1 - mask), mask, prefix: bits(mask) },
      ];
    });
}

function fromHex(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9A-F]{8}$/i.test(text)) return undefined;
  return Buffer.from(text, 'hex').readUInt32LE(0);
}

function bits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}

function subnetAround(cidr: string): Subnet | undefined {
  const [text = '', prefix = ''] = cidr.split('/');
  const address = parseIpv4(text);
  const size = 2 ** (32 - Number(prefix));
  if (address === undefined || !Number.isInteger(size)) return undefined;
  return parseSubnet(`${formatIpv4(address - (address % size))}/${prefix}`);
}
