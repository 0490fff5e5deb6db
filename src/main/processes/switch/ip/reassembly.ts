import type { Clock } from '../clock';
import { type IpFragment, withPayload } from './ip';

/** How long the rest of a packet is waited for, in milliseconds (RFC 791 suggests 15 s). */
export const patienceMs = 15_000;
/** Bounds on what waits: packets, packets of one card, and pieces of one packet. */
export const maxPackets = 256;
export const maxPacketsPerCard = 16;
const maxPieces = 128;

interface Piece {
  start: number;
  bytes: Buffer;
}

interface Assembly {
  card: string;
  begun: number;
  pieces: Piece[];
  received: number;
  /** Known once the last fragment is there. */
  total: number | undefined;
}

/**
 * Puts fragmented packets together (RFC 791, 3.2; RFC 8200, 4.5; RFC 1858, RFC 3128 for what must not be believed). A packet with
 * pieces that overlap is thrown away as a whole (RFC 5722): no honest sender makes such.
 */
export class Reassembly<P extends IpFragment> {
  private readonly assemblies = new Map<string, Assembly>();

  /** @param maxPayload of a whole packet, in bytes */
  constructor(
    private readonly clock: Clock,
    private readonly maxPayload: number,
  ) {}

  get size(): number {
    return this.assemblies.size;
  }

  /**
   * Takes a fragment.
   *
   * @param card the port of the switch that it came in by
   * @returns the whole packet, when this was the last piece of it
   */
  add(packet: P, card: string): P | undefined {
    this.forgetOld();
    const { source, destination, protocol, identification } = packet;
    const key = `${card} ${source} ${destination} ${protocol} ${identification}`;
    const assembly = this.assemblies.get(key) ?? this.begin(key, card);
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

  private addPiece(assembly: Assembly, { bytes, payload, end, fragmentOffset, moreFragments }: P): boolean {
    const length = end - payload;
    const stop = fragmentOffset + length;
    if (length === 0 || stop > this.maxPayload || (moreFragments && length % 8 !== 0)) return false;
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

  private begin(key: string, card: string): Assembly {
    const mine = [...this.assemblies].filter(([, assembly]) => assembly.card === card);
    const [oldestOfMine] = mine;
    const [oldest] = this.assemblies.keys();
    if (mine.length >= maxPacketsPerCard && oldestOfMine) this.assemblies.delete(oldestOfMine[0]);
    else if (this.assemblies.size >= maxPackets && oldest !== undefined) this.assemblies.delete(oldest);
    const assembly = { card, begun: this.clock.now(), pieces: [], received: 0, total: undefined };
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
