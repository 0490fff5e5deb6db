/** Three ways out of one guest: each a card of its own, with the address of the host behind it. */
export const ways = {
  ours: { card: 'eth0', own: '10.86.0.50', host: '10.86.0.1' },
  slirp: { card: 'eth1', own: '10.87.0.15', host: '10.87.0.2' },
  passt: { card: 'eth2', own: '10.88.0.15', host: '10.88.0.2' },
} as const;
export type Way = keyof typeof ways;

/** Which way the bytes of a transfer go, as the guest sees it. */
export type Direction = 'send' | 'receive';

export const peerNames = { slirp: 'libslirp', passt: 'passt' } as const;
export type Peer = keyof typeof peerNames;

/** Everything a card can carry; what it does carry is set in the guest. */
export const largestMtu = 65_520;

/** One value for each way that is there. */
export type PerWay<T> = Partial<Record<Way, T>>;
