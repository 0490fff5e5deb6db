import { networkInterfaces } from 'node:os';
import { parseRange, type Range } from '../ip/range';

/** How long what the system has said is believed, in milliseconds. */
const lifeMs = 5000;

export interface HostAddresses {
  /** Of loopback interfaces, as text; these may have others than those of 127.0.0.0/8. */
  loopback: ReadonlySet<string>;
  /** Of all other interfaces, as text. */
  own: ReadonlySet<string>;
  /** The networks that the host is directly on. */
  networks: readonly Range[];
}

let known: HostAddresses & { readAt: number } = {
  loopback: new Set(),
  own: new Set(),
  networks: [],
  readAt: -Infinity,
};

/** The host's addresses as they are now, or were a moment ago. */
export function hostAddresses(): HostAddresses {
  const now = performance.now();
  if (now - known.readAt > lifeMs) {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const outside = all.filter(({ internal }) => !internal);
    known = {
      loopback: new Set(all.filter(({ internal }) => internal).map(({ address }) => address)),
      own: new Set(outside.map(({ address }) => address)),
      networks: outside.flatMap(({ cidr }) => (cidr === null ? [] : (parseRange(cidr) ?? []))),
      readAt: now,
    };
  }
  return known;
}
