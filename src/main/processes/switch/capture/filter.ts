import { parseMac } from '@shared/network/address';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Address } from '../ip/address';
import { inRange, parseRange, type Range } from '../ip/range';
import type { Decoded } from './decode/decoded';

/** A decoded frame, with its length. */
export type Filter = (decoded: Decoded, length: number) => boolean;

type Side = 'src' | 'dst' | 'either';

/** Words that name a protocol, and the layers that they ask for. */
const protocolLayers: Readonly<Record<string, readonly string[]>> = {
  arp: ['ARP'],
  ip: ['IPv4'],
  ip6: ['IPv6'],
  icmp: ['ICMP'],
  icmp6: ['ICMPv6'],
  tcp: ['TCP'],
  udp: ['UDP'],
  dns: ['DNS', 'mDNS'],
  dhcp: ['DHCP', 'DHCPv6'],
  tls: ['TLS'],
  http: ['HTTP'],
};
const longestNesting = 20;

/**
 * Understands a filter; see `captureFilter` for its words.
 *
 * @throws Failure `input.invalid` that says what is not understood
 */
export function parseFilter(text: string): Filter {
  const words = text.match(/[()!]|&&|\|\||[^\s()!&|]+/g) ?? [];
  if (words.length === 0) return () => true;
  const parser = new Parser(words.map((word) => word.toLowerCase()));
  const filter = parser.either();
  parser.expectEnd();
  return filter;
}

class Parser {
  private position = 0;
  private depth = 0;

  constructor(private readonly words: readonly string[]) {}

  either(): Filter {
    let left = this.both();
    while (this.takes('or', '||')) {
      const [a, b] = [left, this.both()];
      left = (decoded, length) => a(decoded, length) || b(decoded, length);
    }
    return left;
  }

  expectEnd(): void {
    if (this.position < this.words.length) this.refuse();
  }

  private both(): Filter {
    let left = this.not();
    while (this.takes('and', '&&')) {
      const [a, b] = [left, this.not()];
      left = (decoded, length) => a(decoded, length) && b(decoded, length);
    }
    return left;
  }

  private not(): Filter {
    if (++this.depth > longestNesting) throw new Failure('input.invalid', phrase('network.filterNested'));
    try {
      if (this.takes('not', '!')) {
        const inner = this.not();
        return (decoded, length) => !inner(decoded, length);
      }
      if (!this.takes('(')) return this.primitive();
      const inner = this.either();
      if (!this.takes(')')) this.refuse();
      return inner;
    } finally {
      this.depth--;
    }
  }

  private primitive(): Filter {
    const word = this.words[this.position] ?? '';
    const layers = Object.hasOwn(protocolLayers, word) ? protocolLayers[word] : undefined;
    if (layers) {
      this.position++;
      const filter: Filter = (decoded) => decoded.layers.some(({ protocol }) => layers.includes(protocol));
      // As in “tcp port 80”, where the “and” goes without saying.
      if (!this.startsQualified()) return filter;
      const inner = this.qualified();
      return (decoded, length) => filter(decoded, length) && inner(decoded, length);
    }
    return this.qualified();
  }

  private startsQualified(): boolean {
    return ['src', 'dst', 'host', 'net', 'port', 'portrange'].includes(this.words[this.position] ?? '');
  }

  private qualified(): Filter {
    if (this.takes('less')) {
      const limit = this.number(65_550);
      return (_decoded, length) => length <= limit;
    }
    if (this.takes('greater')) {
      const limit = this.number(65_550);
      return (_decoded, length) => length >= limit;
    }
    const side: Side = this.takes('src') ? 'src' : this.takes('dst') ? 'dst' : 'either';
    if (this.takes('ether')) return this.hardware();
    if (this.takes('host')) return addressFilter(side, this.range());
    if (this.takes('net')) return addressFilter(side, this.range());
    if (this.takes('portrange')) return this.portRange(side);
    if (!this.takes('port')) this.refuse();
    const port = this.number(65_535);
    return portFilter(side, port, port);
  }

  private hardware(): Filter {
    const side: Side = this.takes('src') ? 'src' : this.takes('dst') ? 'dst' : 'either';
    if (!this.takes('host') && side === 'either') this.refuse();
    const mac = parseMac(this.words[this.position++] ?? '');
    if (mac === undefined) return this.refuse(-1);
    return ({ macs }) =>
      macs !== undefined &&
      ((side !== 'dst' && macs.source === mac) || (side !== 'src' && macs.destination === mac));
  }

  private portRange(side: Side): Filter {
    const [first = NaN, last = NaN] = (this.words[this.position++] ?? '').split('-').map(Number);
    if (!(first >= 0 && last >= first && last <= 65_535)) this.refuse(-1);
    return portFilter(side, first, last);
  }

  private range(): Range {
    const range = parseRange(this.words[this.position++] ?? '');
    return range ?? this.refuse(-1);
  }

  private number(most: number): number {
    const word = this.words[this.position++] ?? '';
    const value = Number(word);
    if (!/^\d+$/.test(word) || value > most) this.refuse(-1);
    return value;
  }

  private takes(...wanted: string[]): boolean {
    if (!wanted.includes(this.words[this.position] ?? '')) return false;
    this.position++;
    return true;
  }

  private refuse(back = 0): never {
    const word = this.words[this.position + back];
    throw new Failure(
      'input.invalid',
      word === undefined ? phrase('network.filterEnds') : phrase('network.filterWord', { word }),
      { hint: phrase('network.filterHint', { example: 'tcp port 80 and host 10.86.0.100' }) },
    );
  }
}

function addressFilter(side: Side, range: Range): Filter {
  const fits = (address: Address): boolean => inRange(address, range);
  return ({ ip }) =>
    ip !== undefined && ((side !== 'dst' && fits(ip.source)) || (side !== 'src' && fits(ip.destination)));
}

function portFilter(side: Side, first: number, last: number): Filter {
  const fits = (port: number): boolean => port >= first && port <= last;
  return ({ ports }) =>
    ports !== undefined &&
    ((side !== 'dst' && fits(ports.source)) || (side !== 'src' && fits(ports.destination)));
}
