import { formatAddress } from '../ip/address';
import type { TcpStream } from '@shared/network/capture';
import { flags } from '../tcp/segment';
import { add, distance } from '../tcp/sequence';
import { Breather } from './breather';
import type { Decoded } from './decode/decoded';
import { decodeFrame } from './decode/frame';
import type { CapturedPacket } from './packet-ring';

/** Bytes of a stream that are shown. */
const maxBytes = 1024 * 1024;

interface Piece {
  sequence: number;
  data: Buffer;
  packet: number;
}

/** Pieces that wait for one before them; beyond these it is taken for one that was not captured. */
const maxEarly = 4096;

/** One direction of a stream: what has come in order, and what came before its turn. */
class Half {
  private next: number | undefined;
  /** In their order. */
  private readonly early: Piece[] = [];

  get waiting(): number {
    return this.early.length;
  }

  /** @returns the pieces that are in turn now */
  take(sequence: number, isSyn: boolean, data: Buffer, packet: number): Piece[] {
    const start = isSyn ? add(sequence, 1) : sequence;
    this.next ??= start;
    if (isSyn) this.next = start;
    if (data.length > 0) this.insert({ sequence: start, data, packet });
    return this.drain();
  }

  /** What is left when nothing more comes: it begins behind a gap. */
  rest(): Piece[] {
    const [first] = this.early;
    if (!first) return [];
    this.next = first.sequence;
    return this.drain();
  }

  /** Behind all that begin no later, so that of two that begin alike the first to come counts. */
  private insert(piece: Piece): void {
    let [low, high] = [0, this.early.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (distance(this.early[middle]!.sequence, piece.sequence) >= 0) low = middle + 1;
      else high = middle;
    }
    this.early.splice(low, 0, piece);
  }

  private drain(): Piece[] {
    const ready: Piece[] = [];
    let used = 0;
    for (const piece of this.early) {
      const known = distance(piece.sequence, this.next ?? 0);
      if (known < 0) break;
      used++;
      if (known >= piece.data.length) continue;
      ready.push({ ...piece, data: piece.data.subarray(known) });
      this.next = add(piece.sequence, piece.data.length);
    }
    this.early.splice(0, used);
    return ready;
  }
}

/** What the ends of the TCP connection have said that a packet belongs to; undefined when it belongs to none. */
export async function followStream(
  packets: Iterable<CapturedPacket>,
  of: CapturedPacket,
): Promise<TcpStream | undefined> {
  const wanted = endsOf(decodeFrame(of.bytes));
  if (!wanted) return undefined;
  const halves = { client: new Half(), server: new Half() };
  const parts: TcpStream['parts'] = [];
  let client: string | undefined;
  let bytes = 0;
  const tell = (from: 'client' | 'server', pieces: readonly Piece[], gap: boolean): void => {
    pieces.forEach(({ data, packet }, index) => {
      const room = data.subarray(0, Math.max(maxBytes - bytes, 0));
      bytes += data.length;
      if (room.length === 0) return;
      parts.push({ from, packet, data: room.toString('base64'), gap: gap && index === 0 });
    });
  };
  const breather = new Breather();
  for (const packet of packets) {
    if (breather.isDue) await breather.rest();
    const decoded = decodeFrame(packet.bytes);
    const ends = endsOf(decoded);
    if (!ends || !decoded.tcp || !isSame(ends, wanted)) continue;
    const { sequence, flags: set, data } = decoded.tcp;
    const isSyn = (set & flags.syn) !== 0;
    client ??= isSyn && (set & flags.ack) !== 0 ? ends.destination : ends.source;
    const from = ends.source === client ? 'client' : 'server';
    const half = halves[from];
    tell(from, half.take(sequence, isSyn, data, packet.number), false);
    if (half.waiting > maxEarly) tell(from, half.rest(), true);
    if (bytes > maxBytes) break;
  }
  for (const from of bytes > maxBytes ? [] : (['client', 'server'] as const)) {
    for (let rest = halves[from].rest(); rest.length > 0; rest = halves[from].rest()) tell(from, rest, true);
  }
  const server = client === wanted.source ? wanted.destination : wanted.source;
  return { client: client ?? wanted.source, server, parts, truncated: bytes > maxBytes };
}

function endsOf({ ip, ports, tcp }: Decoded): { source: string; destination: string } | undefined {
  if (!ip || !ports || !tcp) return undefined;
  const text = (address: string | number, port: number): string => {
    const written = formatAddress(address);
    return written.includes(':') ? `[${written}]:${port}` : `${written}:${port}`;
  };
  return {
    source: text(ip.source, ports.source),
    destination: text(ip.destination, ports.destination),
  };
}

function isSame(
  a: { source: string; destination: string },
  b: { source: string; destination: string },
): boolean {
  return (
    (a.source === b.source && a.destination === b.destination) ||
    (a.source === b.destination && a.destination === b.source)
  );
}
