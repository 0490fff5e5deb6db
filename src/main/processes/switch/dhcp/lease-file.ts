import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { formatIpv4, formatMac, parseIpv4, parseMac } from '@shared/network/address';
import { writeAtomic } from '../../../platform/atomic-file';
import type { Lease } from './leases';

/** What is written down of the leases, so that guests keep their addresses when the switch is started again. */
const leaseFile = z.object({
  leases: z
    .array(
      z.object({
        mac: z.string(),
        address: z.string(),
        hostName: z.string().max(63).nullable(),
        expires: z.string(),
        port: z.string().max(64),
      }),
    )
    .max(100_000),
});

/** The leases of a file; none where there is no file. @throws when there is one that cannot be read */
export async function readLeases(path: string): Promise<Lease[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
  return leaseFile.parse(JSON.parse(text)).leases.flatMap(({ mac, address, expires, ...rest }) => {
    const [macNumber, addressNumber, time] = [parseMac(mac), parseIpv4(address), Date.parse(expires)];
    if (macNumber === undefined || addressNumber === undefined || Number.isNaN(time)) return [];
    return [{ ...rest, mac: macNumber, address: addressNumber, expires: time }];
  });
}

export async function writeLeases(path: string, leases: readonly Lease[]): Promise<void> {
  const contents: z.input<typeof leaseFile> = {
    leases: leases.map(({ mac, address, expires, ...rest }) => ({
      ...rest,
      mac: formatMac(mac),
      address: formatIpv4(address),
      expires: new Date(expires).toISOString(),
    })),
  };
  await writeAtomic(path, `${JSON.stringify(contents, null, 2)}\n`);
}
