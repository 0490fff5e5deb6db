import { formatIpv4 } from '@shared/network/address';
import { formatIpv6 } from '@shared/network/ipv6';
import { protocols } from '../../ip/ip';
import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter, namesOf } from './decoded';
import { decodeIcmp, decodeIcmpv6 } from './icmp';
import { decodeTcp } from './tcp';
import { decodeUdp } from './udp';

const extensionNames: Readonly<Record<number, string>> = {
  0: 'Hop-by-hop options',
  43: 'Routing',
  60: 'Destination options',
};
const fragment = 44;

export function decodeIpv4(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'IPv4', reader);
  const start = reader.position;
  const first = reader.u8();
  layer.add('Header length', (first & 15) * 4);
  layer.add('Service', hex(reader.u8(), 2));
  const total = reader.u16();
  layer.add('Total length', total);
  layer.add('Identification', hex(reader.u16(), 4));
  const field = reader.u16();
  const offset = (field & 0x1fff) * 8;
  layer.add('Flags', namesOf(field >>> 13, ['more fragments', "don't fragment", 'reserved']));
  layer.add('Fragment offset', offset);
  layer.add('Time to live', reader.u8());
  const protocol = reader.u8();
  layer.add('Protocol', protocol);
  layer.add('Checksum', hex(reader.u16(), 4));
  const [source, destination] = [reader.u32(), reader.u32()];
  decoded.ip = { source, destination };
  decoded.source = formatIpv4(source);
  decoded.destination = formatIpv4(destination);
  layer.add('Source', decoded.source);
  layer.add('Destination', decoded.destination);
  reader.skip((first & 15) * 4 - 20);
  layer.done();
  // What follows is padding of the frame.
  reader.end = Math.min(reader.end, start + total);
  if (offset > 0) {
    decoded.info = `fragment at ${offset} of packet ${hex(reader.bytes.readUInt16BE(start + 4), 4)}`;
    return;
  }
  decodePayload(decoded, reader, protocol);
}

export function decodeIpv6(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'IPv6', reader);
  layer.add('Traffic class and flow label', hex(reader.u32() & 0x0fffffff, 7));
  const length = reader.u16();
  layer.add('Payload length', length);
  let next = reader.u8();
  layer.add('Next header', next);
  layer.add('Hop limit', reader.u8());
  const [source, destination] = [reader.take(16), reader.take(16)].map((bytes) => bytes.toString('latin1'));
  decoded.ip = { source: source ?? '', destination: destination ?? '' };
  decoded.source = formatIpv6(source ?? '');
  decoded.destination = formatIpv6(destination ?? '');
  layer.add('Source', decoded.source);
  layer.add('Destination', decoded.destination);
  reader.end = Math.min(reader.end, reader.position + length);
  while (next in extensionNames || next === fragment) {
    const following = reader.u8();
    if (next === fragment) {
      reader.skip(1);
      const field = reader.u16();
      const offset = field & 0xfff8;
      layer.add('Fragment', `offset ${offset}, packet ${hex(reader.u32(), 8)}`);
      if (offset > 0) {
        decoded.info = `fragment at ${offset}`;
        return;
      }
    } else {
      reader.skip(reader.u8() * 8 + 6);
      layer.add('Extension', extensionNames[next] ?? next);
    }
    next = following;
  }
  decodePayload(decoded, reader, next);
}

function decodePayload(decoded: Decoded, reader: FieldReader, protocol: number): void {
  decoded.info = `protocol ${protocol}`;
  if (protocol === protocols.tcp) decodeTcp(decoded, reader);
  else if (protocol === protocols.udp) decodeUdp(decoded, reader);
  else if (protocol === protocols.icmp) decodeIcmp(decoded, reader);
  else if (protocol === protocols.icmpv6) decodeIcmpv6(decoded, reader);
}
