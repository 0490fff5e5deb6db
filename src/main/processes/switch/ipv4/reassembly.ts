import type { Clock } from '../clock';
import type { Ipv4Packet } from './packet';

/** How long the rest of a packet is waited for, in milliseconds (RFC 791 suggests 15 s). */
export const patienceMs = 15_000;
/** Bounds on what waits: packets, packets of one sender, and pieces of one packet. */
export const maxPackets = 64;
export const maxPacketsPerSource = 16;
const maxPieces = 128;
const maxPayload = 65_535 - 20;

interface Piece {
  start: number;
  bytes: Buffer;
}

interface Assembly {
  source: number;
  begun: number;
  pieces: Piece[];
  received: number;
  /** Known once the last fragment is there. */
  total: number | undefined;
}

/**
 * Puts fragmented packets together (RFC 791, 3.2; RFC 1858, RFC 3128 for what must not be believed). A packet with
 * pieces that overlap is thrown away as a whole: no honest sender makes such.
 */
export class Reassembly {
  private readonly assemblies = new Map<string, Assembly>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.assemblies.size;
  }

  /** Takes a fragment. @returns the whole packet, when this was the last piece of it */
  add(packet: Ipv4Packet): Ipv4Packet | undefined {
    this.forgetOld();
    const { source, destination, protocol, identification } = packet;
    const key = `${source} ${destination} ${protocol} ${identification}`;
    const assembly = this.assemblies.get(key) ?? this.begin(key, source);
    if (!this.addPiece(assembly, packet)) {
      this.assemblies.delete(key);
      return undefined;
    }
    if (assembly.received !== assembly.total) return undefined;
    this.assemblies.delete(key);
    const payload = Buffer.allocUnsafe(assembly.total);
    for (const { start, bytes } of assembly.pieces) bytes.copy(payload, start);
    return withPayload(packet, payload);
  }

  private addPiece(
    assembly: Assembly,
    { bytes, payload, end, fragmentOffset, moreFragments }: Ipv4Packet,
  ): boolean {
    const length = end - payload;
    const stop = fragmentOffset + length;
    if (length === 0 || stop > maxPayload || (moreFragments && length % 8 !== 0)) return false;
    if (assembly.pieces.length >= maxPieces) return false;
    for (const piece of assembly.pieces) {
      const pieceStop = piece.start + piece.bytes.length;
      // The same piece once more is a retransmission.
      if (piece.start === fragmentOffset && pieceStop === stop) return true;
      if (fragmentOffset < pieceStop && piece.start < stop) return false;
      if (!moreFragments && pieceStop > stop) return false;
    }
    if (assembly.total !== undefined && (stop > assembly.total || !moreFragments)) return false;
    if (!moreFragments) assembly.total = stop;
    assembly.pieces.push({ start: fragmentOffset, bytes: Buffer.from(bytes.subarray(payload, end)) });
    assembly.received += length;
    return true;
  }

  private begin(key: string, source: number): Assembly {
    const ofSource = [...this.assemblies].filter(([, assembly]) => assembly.source === source);
    const [oldestOfSource] = ofSource;
    const [oldest] = this.assemblies.keys();
    if (ofSource.length >= maxPacketsPerSource && oldestOfSource) this.assemblies.delete(oldestOfSource[0]);
    else if (this.assemblies.size >= maxPackets && oldest !== undefined) this.assemblies.delete(oldest);
    const assembly = { source, begun: this.clock.now(), pieces: [], received: 0, total: undefined };
    this.assemblies.set(key, assembly);
    return assembly;
  }

  /** They are in the order in which they were begun. */
  private forgetOld(): void {
    const oldest = this.clock.now() - patienceMs;
    for (const [key, { begun }] of this.assemblies) {
      if (begun > oldest) return;
      this.assemblies.delete(key);
    }
  }
}

function withPayload(packet: Ipv4Packet, payload: Buffer): Ipv4Packet {
  const header = packet.bytes.subarray(packet.header, packet.payload);
  const bytes = Buffer.concat([header, payload]);
  return {
    ...packet,
    bytes,
    header: 0,
    payload: header.length,
    end: bytes.length,
    fragmentOffset: 0,
    moreFragments: false,
  };
}
