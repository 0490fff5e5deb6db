/** Addresses as text and as numbers. An IPv4 address is an unsigned 32-bit number, a MAC a 48-bit one. */

const ipv4Text = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const macText = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** The number of a dotted address, or undefined when the text is none. Octets with leading zeros are refused. */
export function parseIpv4(text: string): number | undefined {
  const octets = ipv4Text.exec(text)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((address, octet) => address * 256 + octet, 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** The number of an address such as `52:54:00:12:34:56`, or undefined when the text is none. */
export function parseMac(text: string): number | undefined {
  return macText.test(text) ? parseInt(text.replaceAll(':', ''), 16) : undefined;
}

export function formatMac(mac: number): string {
  return (mac.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

/** A range of IPv4 addresses as one prefix (RFC 4632). */
export interface Subnet {
  /** The lowest address: the network's own. */
  network: number;
  /** The highest address: the broadcast address. */
  broadcast: number;
  prefix: number;
  mask: number;
}

/** @returns undefined when the text is no prefix, or names a host inside of one */
export function parseSubnet(text: string): Subnet | undefined {
  const [addressText = '', prefixText = '', ...rest] = text.split('/');
  const network = parseIpv4(addressText);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : 33;
  if (network === undefined || rest.length > 0 || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  if (network % size !== 0) return undefined;
  return { network, broadcast: network + size - 1, prefix, mask: 2 ** 32 - size };
}

export function inSubnet(address: number, { network, broadcast }: Subnet): boolean {
  return address >= network && address <= broadcast;
}
