import { wordOf } from '@shared/network/ipv6';
import type { Address } from '../ip/address';

/** The checksum of IP, ICMP, UDP and TCP (RFC 1071): ones' complement sums of big-endian 16-bit words. */

/** Below this many bytes, looking at them one by one is faster than making a view of words. */
const worthWords = 96;
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Brings a sum of up to 2^52 down to 16 bits, carries added. */
export function fold(sum: number): number {
  let small = (sum % 65536) + Math.floor(sum / 65536);
  while (small > 0xffff) small = (small % 65536) + Math.floor(small / 65536);
  return small;
}

function swap(word: number): number {
  return ((word & 255) << 8) | (word >>> 8);
}

/** The words of the memory that was looked at last, and before that: mostly the one that is read and the one written. */
let [recent, older] = [new Uint32Array(), new Uint32Array()];

function wordsOf(memory: ArrayBufferLike): Uint32Array {
  if (recent.buffer === memory) return recent;
  const words = older.buffer === memory ? older : new Uint32Array(memory, 0, memory.byteLength >> 2);
  older = recent;
  recent = words as Uint32Array<ArrayBuffer>;
  return words;
}

/** The folded sum of the bytes `start` to `end`; an odd last byte counts as the high half of a word. */
export function sumOf(bytes: Uint8Array, start: number, end: number): number {
  if (!littleEndian || end - start < worthWords) return sumBytes(bytes, start, end);
  // Words of the host's order are summed at aligned places; that sum has its bytes swapped (RFC 1071, 2B).
  let position = start;
  const odd = ((bytes.byteOffset + start) & 1) === 1;
  const first = odd ? bytes[position++]! : 0;
  let sum = 0;
  if (((bytes.byteOffset + position) & 3) !== 0) {
    sum = bytes[position]! | (bytes[position + 1]! << 8);
    position += 2;
  }
  const words = wordsOf(bytes.buffer);
  const firstWord = (bytes.byteOffset + position) >> 2;
  const count = (end - position) >> 2;
  const endWord = firstWord + count;
  let index = firstWord;
  for (; index + 8 <= endWord; index += 8) {
    sum +=
      words[index]! +
      words[index + 1]! +
      words[index + 2]! +
      words[index + 3]! +
      words[index + 4]! +
      words[index + 5]! +
      words[index + 6]! +
      words[index + 7]!;
  }
  for (; index < endWord; index++) sum += words[index]!;
  position += count * 4;
  if (end - position >= 2) {
    sum += bytes[position]! | (bytes[position + 1]! << 8);
    position += 2;
  }
  if (position < end) sum += bytes[position]!;
  const folded = fold(sum);
  return odd ? fold(first * 256 + folded) : swap(folded);
}

function sumBytes(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let position = start;
  for (; position + 1 < end; position += 2) sum += (bytes[position]! << 8) | bytes[position + 1]!;
  if (position < end) sum += bytes[position]! << 8;
  return fold(sum);
}

/** What is written into a header: the complement of the sum of everything, with the field itself being 0. */
export function checksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  return ~fold(sumOf(bytes, start, end) + initial) & 0xffff;
}

/** The sum of the pseudo header of UDP, TCP and ICMPv6 (RFC 9293, 3.1; RFC 8200, 8.1). */
export function pseudoHeaderSum(
  source: Address,
  destination: Address,
  protocol: number,
  length: number,
): number {
  return addressSum(source) + addressSum(destination) + protocol + length;
}

function addressSum(address: Address): number {
  if (typeof address === 'number') return (address >>> 16) + (address & 0xffff);
  let sum = 0;
  for (let index = 0; index < 8; index++) sum += wordOf(address, index);
  return sum;
}
