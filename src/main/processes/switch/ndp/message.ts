import { readMac, writeMac } from '../ethernet/frame';
import { encodeName } from '../dns/name';
import { icmpv6Types } from '../icmp/icmpv6';
import { readAddress6, writeAddress6 } from '../ipv6/packet';

/** Neighbour discovery (RFC 4861; DNS: RFC 8106). */
export const ndpHops = 255;
const optionTypes = { sourceMac: 1, targetMac: 2, prefix: 3, mtu: 5, dnsServer: 25, dnsSearch: 31 } as const;
const unit = 8;

/** Seconds. Routers that say nothing more are forgotten after this long; RFC 4861, 6.2.1 has 1800. */
export const routerLifetime = 1800;
const prefixValid = 86_400;
const prefixPreferred = 14_400;

export interface NeighbourMessage {
  type: number;
  target: string;
  /** What it says of the sender (of a solicitation) or of the target (of an advertisement). */
  mac: number | undefined;
}

/**
 * A neighbour solicitation or advertisement.
 *
 * @returns undefined when it is none, or one of its options is broken
 */
export function parseNeighbourMessage(
  bytes: Buffer,
  start: number,
  end: number,
): NeighbourMessage | undefined {
  if (end - start < 24 || bytes[start + 1] !== 0) return undefined;
  const type = bytes[start]!;
  const wanted = type === icmpv6Types.neighbourSolicitation ? optionTypes.sourceMac : optionTypes.targetMac;
  const target = readAddress6(bytes, start + 8);
  let mac: number | undefined;
  for (let position = start + 24; position < end;) {
    const length = position + 1 < end ? bytes[position + 1]! * unit : 0;
    if (length === 0 || position + length > end) return undefined;
    if (bytes[position] === wanted) mac = readMac(bytes, position + 2);
    position += length;
  }
  return { type, target, mac };
}

/** @param solicited it is an answer to somebody who has asked */
export function neighbourAdvertisement(target: string, mac: number, solicited: boolean): Buffer {
  const message = Buffer.alloc(32);
  message[0] = icmpv6Types.neighbourAdvertisement;
  // A router, which overrides what was known.
  message[4] = 0xa0 | (solicited ? 0x40 : 0);
  writeAddress6(message, 8, target);
  message[24] = optionTypes.targetMac;
  message[25] = 1;
  writeMac(message, 26, mac);
  return message;
}

export interface RouterFacts {
  mac: number;
  /** The lowest address of the network; hosts make addresses in it by themselves (RFC 4862). */
  prefix: string;
  mtu: number;
  dns: string;
  /** Where hosts look for short names. */
  domains: readonly string[];
  /** It leads out of the network. */
  isWayOut: boolean;
  /** Everything it has said so far ends. */
  ends: boolean;
}

export function routerAdvertisement(facts: RouterFacts): Buffer {
  const { mac, prefix, mtu, dns, domains, isWayOut, ends } = facts;
  const head = Buffer.alloc(16);
  head[0] = icmpv6Types.routerAdvertisement;
  head[4] = 64;
  // Other settings can be asked for by DHCPv6; addresses cannot.
  head[5] = 0x40;
  head.writeUInt16BE(isWayOut && !ends ? routerLifetime : 0, 6);
  return Buffer.concat([
    head,
    macOption(mac),
    mtuOption(mtu),
    prefixOption(prefix, ends),
    dnsOption(optionTypes.dnsServer, ends, Buffer.from(dns, 'latin1')),
    dnsOption(optionTypes.dnsSearch, ends, Buffer.concat(domains.map(encodeName))),
  ]);
}

function macOption(mac: number): Buffer {
  const option = Buffer.alloc(unit);
  option[0] = optionTypes.sourceMac;
  option[1] = 1;
  writeMac(option, 2, mac);
  return option;
}

function mtuOption(mtu: number): Buffer {
  const option = Buffer.alloc(unit);
  option[0] = optionTypes.mtu;
  option[1] = 1;
  option.writeUInt32BE(mtu, 4);
  return option;
}

function prefixOption(prefix: string, ends: boolean): Buffer {
  const option = Buffer.alloc(4 * unit);
  option[0] = optionTypes.prefix;
  option[1] = 4;
  option[2] = 64;
  // On the link, and to make addresses from.
  option[3] = 0xc0;
  option.writeUInt32BE(ends ? 0 : prefixValid, 4);
  option.writeUInt32BE(ends ? 0 : prefixPreferred, 8);
  writeAddress6(option, 16, prefix);
  return option;
}

function dnsOption(type: number, ends: boolean, data: Buffer): Buffer {
  const option = Buffer.alloc(unit + Math.ceil(data.length / unit) * unit);
  option[0] = type;
  option[1] = option.length / unit;
  option.writeUInt32BE(ends ? 0 : routerLifetime, 4);
  data.copy(option, unit);
  return option;
}
