import { formatIpv4, formatMac } from '@shared/network/address';
import { etherTypes, readMac } from '../../ethernet/frame';
import { FieldReader, Truncated } from '../reader';
import { type Decoded, hex, LayerWriter } from './decoded';
import { decodeIpv4, decodeIpv6 } from './ip';

const vlanTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
/** Below this the field is a length (IEEE 802.3, 3.2.6). */
const smallestType = 0x0600;

/** Decodes a frame as far as it is understood. Whatever is in it, this comes to an end and throws nothing. */
export function decodeFrame(bytes: Buffer): Decoded {
  const decoded: Decoded = {
    layers: [],
    source: '',
    destination: '',
    protocol: 'Ethernet',
    info: '',
    macs: undefined,
    ip: undefined,
    ports: undefined,
    tcp: undefined,
  };
  try {
    decodeEthernet(decoded, new FieldReader(bytes, 0, bytes.length));
  } catch (error) {
    if (!(error instanceof Truncated)) throw error;
    decoded.info = decoded.info === '' ? '[cut off]' : `${decoded.info} [cut off]`;
  }
  return decoded;
}

function decodeEthernet(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'Ethernet', reader);
  const destination = readMac(reader.take(6), 0);
  const source = readMac(reader.take(6), 0);
  decoded.macs = { source, destination };
  decoded.source = formatMac(source);
  decoded.destination = formatMac(destination);
  layer.add('Destination', decoded.destination);
  layer.add('Source', decoded.source);
  let type = reader.u16();
  while (vlanTypes.has(type)) {
    layer.add('VLAN', reader.u16() & 0x0fff);
    type = reader.u16();
  }
  layer.add('Type', hex(type, 4));
  decoded.info = type < smallestType ? `${type} bytes (IEEE 802.3)` : `type ${hex(type, 4)}`;
  if (type === etherTypes.ipv4) decodeIpv4(decoded, reader);
  else if (type === etherTypes.ipv6) decodeIpv6(decoded, reader);
  else if (type === etherTypes.arp) decodeArp(decoded, reader);
}

function decodeArp(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'ARP', reader);
  const kind = reader.take(6).toString('hex');
  const operation = reader.u16();
  layer.add('Operation', operation === 1 ? 'request' : operation === 2 ? 'reply' : operation);
  if (kind !== '000108000604') return;
  const senderMac = formatMac(readMac(reader.take(6), 0));
  const sender = formatIpv4(reader.u32());
  layer.add('Sender', `${sender} (${senderMac})`);
  const targetMac = formatMac(readMac(reader.take(6), 0));
  const target = formatIpv4(reader.u32());
  layer.add('Target', `${target} (${targetMac})`);
  decoded.info = operation === 1 ? `Who has ${target}? Tell ${sender}` : `${sender} is at ${senderMac}`;
}
