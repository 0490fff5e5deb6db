import { checksum, pseudoHeaderSum } from '../ethernet/checksum';
import type { Address } from '../ip/address';
import { type IpPacket, type IpSender, protocols, type Receiver } from '../ip/ip';

import type { SequenceRange } from './scoreboard';
import { add } from './sequence';

/** TCP segments (RFC 9293, 3.1; window scale: RFC 7323, 2; selective acknowledgement: RFC 2018). */
export const flags = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const;
export const tcpHeaderLength = 20;
/** What a peer takes that does not say (RFC 9293, 3.7.1). */
const defaultMss = 536;
/** Larger shifts are taken for this one (RFC 7323, 2.3). */
const maxShift = 14;
const options = { end: 0, nothing: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5 } as const;
/** Ranges of a selective acknowledgement: more find no place among the options. */
export const maxSackRanges = 4;

export interface Segment {
  source: Address;
  sourcePort: number;
  destination: Address;
  destinationPort: number;
  sequence: number;
  acknowledgment: number;
  flags: number;
  window: number;
  /** Of a segment with SYN. */
  mss: number;
  /** Undefined where the option is missing. */
  windowShift: number | undefined;
  /** Of a segment with SYN: its sender understands selective acknowledgement. */
  sackPermitted: boolean;
  /** What the sender has of the data behind the first that it misses. */
  sack: readonly SequenceRange[];
  /** A view of the packet. */
  data: Buffer;
}

/** @returns undefined when it is none, or its checksum is wrong */
export function parseSegment({ bytes, payload, end, source, destination }: IpPacket): Segment | undefined {
  const length = end - payload;
  if (length < tcpHeaderLength) return undefined;
  const dataStart = payload + (bytes[payload + 12]! >>> 4) * 4;
  if (dataStart < payload + tcpHeaderLength || dataStart > end) return undefined;
  if (checksum(bytes, payload, end, pseudoHeaderSum(source, destination, protocols.tcp, length)) !== 0) {
    return undefined;
  }
  const segment: Segment = {
    source,
    sourcePort: bytes.readUInt16BE(payload),
    destination,
    destinationPort: bytes.readUInt16BE(payload + 2),
    sequence: bytes.readUInt32BE(payload + 4),
    acknowledgment: bytes.readUInt32BE(payload + 8),
    flags: bytes[payload + 13]! & 0x3f,
    window: bytes.readUInt16BE(payload + 14),
    mss: defaultMss,
    windowShift: undefined,
    sackPermitted: false,
    sack: [],
    data: bytes.subarray(dataStart, end),
  };
  readOptions(segment, bytes, payload + tcpHeaderLength, dataStart);
  return segment;
}

function readOptions(segment: Segment, bytes: Buffer, start: number, end: number): void {
  for (let position = start; position < end;) {
    const kind = bytes[position]!;
    if (kind === options.end) return;
    if (kind === options.nothing) {
      position++;
      continue;
    }
    const length = position + 1 < end ? bytes[position + 1]! : 0;
    if (length < 2 || position + length > end) return;
    const isSyn = (segment.flags & flags.syn) !== 0;
    if (kind === options.sack) {
      segment.sack = readRanges(bytes, position + 2, position + length);
    } else if (kind === options.sackPermitted && isSyn) {
      segment.sackPermitted = true;
    } else if (kind === options.mss && length === 4 && isSyn) {
      // Less than this would be an attack on us more than a need of theirs.
      segment.mss = Math.max(bytes.readUInt16BE(position + 2), 64);
    } else if (kind === options.windowScale && length === 3 && isSyn) {
      segment.windowShift = Math.min(bytes[position + 2]!, maxShift);
    }
    position += length;
  }
}

function readRanges(bytes: Buffer, start: number, end: number): SequenceRange[] {
  const ranges: SequenceRange[] = [];
  for (let at = start; at + 8 <= end && ranges.length < maxSackRanges; at += 8) {
    ranges.push({ start: bytes.readUInt32BE(at), end: bytes.readUInt32BE(at + 4) });
  }
  return ranges;
}

/** The space that a segment takes in the sequence: its data, and one each for SYN and FIN. */
export function sequenceLength(segment: Segment): number {
  const { flags: set, data } = segment;
  return data.length + ((set & flags.syn) !== 0 ? 1 : 0) + ((set & flags.fin) !== 0 ? 1 : 0);
}

/** What is answered to a segment that belongs to no connection (RFC 9293, 3.10.7.1); to a RST, nothing. */
export function resetFor(segment: Segment): OutgoingSegment | undefined {
  if ((segment.flags & flags.rst) !== 0) return undefined;
  const acknowledged = (segment.flags & flags.ack) !== 0;
  return {
    sequence: acknowledged ? segment.acknowledgment : 0,
    acknowledgment: acknowledged ? 0 : add(segment.sequence, sequenceLength(segment)),
    flags: acknowledged ? flags.rst : flags.rst | flags.ack,
    window: 0,
    length: 0,
  };
}

export interface OutgoingSegment {
  sequence: number;
  acknowledgment: number;
  flags: number;
  /** The field as it stands in the header. */
  window: number;
  /** Sent with SYN. */
  handshake?: { mss: number; windowShift: number | undefined; sackPermitted: boolean };
  sack?: readonly SequenceRange[];
  /** Bytes of data, and what puts them into the frame. */
  length: number;
  fill?(target: Buffer, offset: number): void;
}

/** The two ends of a connection, as they stand in segments to the guest. */
export interface SegmentEnds {
  source: Address;
  sourcePort: number;
  destinationPort: number;
}

/** Sends a segment. Precondition: it fits into the MTU. */
export function sendSegment(ip: IpSender, to: Receiver, ends: SegmentEnds, segment: OutgoingSegment): void {
  const hasOptions =
    segment.handshake !== undefined || (segment.sack !== undefined && segment.sack.length > 0);
  const written = hasOptions ? optionsOf(segment) : noOptions;
  const header = tcpHeaderLength + written.length;
  const total = header + segment.length;
  const frame = ip.packet(to, ends.source, protocols.tcp, total);
  const start = ip.payloadStart;
  frame.writeUInt16BE(ends.sourcePort, start);
  frame.writeUInt16BE(ends.destinationPort, start + 2);
  frame.writeUInt32BE(segment.sequence, start + 4);
  frame.writeUInt32BE(segment.acknowledgment, start + 8);
  frame[start + 12] = (header / 4) << 4;
  frame[start + 13] = segment.flags;
  frame.writeUInt16BE(segment.window, start + 14);
  frame.writeUInt32BE(0, start + 16);
  if (hasOptions) frame.set(written, start + tcpHeaderLength);
  segment.fill?.(frame, start + header);
  const pseudo = pseudoHeaderSum(ends.source, to.address, protocols.tcp, total);
  frame.writeUInt16BE(checksum(frame, start, start + total, pseudo), start + 16);
}

const noOptions = Buffer.alloc(0);

/** The options as they are on the wire, in whole words. */
function optionsOf({ handshake, sack }: OutgoingSegment): Buffer {
  if (handshake) {
    const { mss, windowShift, sackPermitted } = handshake;
    const written = [options.mss, 4, mss >>> 8, mss & 255];
    if (windowShift !== undefined) written.push(options.nothing, options.windowScale, 3, windowShift);
    if (sackPermitted) written.push(options.nothing, options.nothing, options.sackPermitted, 2);
    return Buffer.from(written);
  }
  if (!sack) return noOptions;
  const written = Buffer.alloc(sackLength(sack.length));
  written.set([options.nothing, options.nothing, options.sack, 2 + 8 * sack.length]);
  sack.forEach(({ start, end }, index) => {
    written.writeUInt32BE(start, 4 + 8 * index);
    written.writeUInt32BE(end, 8 + 8 * index);
  });
  return written;
}

/** What so many ranges take in a segment, in bytes. */
export function sackLength(ranges: number): number {
  return ranges === 0 ? 0 : 4 + 8 * ranges;
}
