/**
 * IPv6 addresses as text, and as strings of 16 characters, one for each byte (0 to 255): such strings can be
 * compared, and be keys of maps.
 */

const length = 16;

/** The value of an address as RFC 4291, 2.2 writes it, or undefined when the text is none. Zones are refused. */
export function parseIpv6(text: string): string | undefined {
  const halves = withoutDots(text)?.split('::');
  if (!halves || halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...head, ...tail];
  const missing = 8 - groups.length;
  // “::” stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const all = [...head, ...Array<string>(missing).fill('0'), ...tail].map((group) => parseInt(group, 16));
  return String.fromCharCode(...all.flatMap((group) => [group >>> 8, group & 255]));
}

/** Turns a dotted end, as in `::ffff:192.0.2.1`, into two groups. */
function withoutDots(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const [, start, octets] = /^(.*:)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(text) ?? [];
  const bytes = octets?.split('.').map(Number);
  if (start === undefined || !bytes || bytes.some((byte) => byte > 255)) return undefined;
  const group = (index: number): string => ((bytes[index] ?? 0) * 256 + (bytes[index + 1] ?? 0)).toString(16);
  return `${start}${group(0)}:${group(2)}`;
}

/** The one text of an address that RFC 5952 recommends. */
export function formatIpv6(address: string): string {
  const groups = Array.from({ length: 8 }, (_, index) => wordOf(address, index).toString(16));
  let best = { start: 0, count: 1 };
  for (let start = 0; start < 8; start++) {
    let count = 0;
    while (groups[start + count] === '0') count++;
    if (count > best.count) best = { start, count };
  }
  if (best.count < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.count).join(':')}`;
}

/** The `index`th 16-bit group of an address. */
export function wordOf(address: string, index: number): number {
  return address.charCodeAt(2 * index) * 256 + address.charCodeAt(2 * index + 1);
}

/** A range of IPv6 addresses as one prefix. */
export interface Prefix6 {
  /** The lowest address. */
  network: string;
  /** Bits. */
  prefix: number;
}

/** @returns undefined when the text is no prefix, or names a host inside of one */
export function parsePrefix6(text: string): Prefix6 | undefined {
  const [addressText = '', prefixText = '', ...rest] = text.split('/');
  const network = parseIpv6(addressText);
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : 129;
  if (network === undefined || rest.length > 0 || prefix > 128) return undefined;
  return masked(network, prefix) === network ? { network, prefix } : undefined;
}

export function inPrefix6(address: string, { network, prefix }: Prefix6): boolean {
  return masked(address, prefix) === network;
}

function masked(address: string, prefix: number): string {
  let result = '';
  for (let index = 0; index < length; index++) {
    const bits = Math.min(Math.max(prefix - 8 * index, 0), 8);
    result += String.fromCharCode(address.charCodeAt(index) & (0xff00 >>> bits) & 255);
  }
  return result;
}
