import { parseIpv4 } from '@shared/network/address';
import { parseIpv6 } from '@shared/network/ipv6';
import type { Address } from './address';

/** All addresses of one version from the first to the last. */
export interface Range {
  first: Address;
  last: Address;
}

/** The range of an address, or of a prefix; hosts inside of a prefix are taken for it. */
export function parseRange(text: string): Range | undefined {
  const [address = '', bits] = text.split('/');
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return range4(v4, bits === undefined ? 32 : Number(bits));
  const v6 = parseIpv6(address);
  return v6 === undefined ? undefined : range6(v6, bits === undefined ? 128 : Number(bits));
}

/** The ranges of texts that are known to be such. */
export function ranges(...texts: string[]): Range[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}

export function inRange(address: Address, { first, last }: Range): boolean {
  // Strings of bytes are ordered as the numbers that they are.
  return typeof address === typeof first && address >= first && address <= last;
}

export function inRanges(address: Address, list: readonly Range[]): boolean {
  return list.some((range) => inRange(address, range));
}

function range4(address: number, bits: number): Range {
  const size = 2 ** (32 - bits);
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

function range6(address: string, bits: number): Range {
  let first = '';
  let last = '';
  for (let index = 0; index < address.length; index++) {
    const free = 0xff >>> Math.min(Math.max(bits - 8 * index, 0), 8);
    const byte = address.charCodeAt(index);
    first += String.fromCharCode(byte & ~free);
    last += String.fromCharCode(byte | free);
  }
  return { first, last };
}
