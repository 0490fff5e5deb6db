import { formatIpv4, formatMac } from '@shared/network/address';
import { readMac } from '../../ethernet/frame';
import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter, shown } from './decoded';

const typeNames = ['', 'Discover', 'Offer', 'Request', 'Decline', 'Ack', 'Nak', 'Release', 'Inform'];
const addressOptions: Readonly<Record<number, string>> = {
  1: 'Subnet mask',
  3: 'Router',
  6: 'DNS',
  28: 'Broadcast address',
  50: 'Requested address',
  54: 'Server',
};
const textOptions: Readonly<Record<number, string>> = {
  12: 'Host name',
  15: 'Domain',
  56: 'Message',
  60: 'Vendor class',
  66: 'TFTP server',
  67: 'Boot file',
};
const v6Names: Readonly<Record<number, string>> = {
  1: 'Solicit',
  2: 'Advertise',
  3: 'Request',
  5: 'Renew',
  7: 'Reply',
  8: 'Release',
  11: 'Information request',
};
const cookie = 0x63825363;

export function decodeDhcp(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'DHCP', reader);
  layer.add('Operation', reader.u8() === 1 ? 'from a client' : 'from a server');
  reader.skip(3);
  layer.add('Transaction', hex(reader.u32(), 8));
  reader.skip(4);
  const client = formatIpv4(reader.u32());
  layer.add('Client address', client);
  const yours = formatIpv4(reader.u32());
  layer.add('Your address', yours);
  layer.add('Next server', formatIpv4(reader.u32()));
  reader.skip(4);
  layer.add('Client', formatMac(readMac(reader.take(6), 0)));
  reader.skip(10 + 64 + 128);
  decoded.info = 'BOOTP';
  if (reader.u32() !== cookie) return;
  while (reader.left > 0) {
    const code = reader.u8();
    if (code === 255) return;
    if (code === 0) continue;
    const value = reader.take(reader.u8());
    const text = optionText(code, value);
    if (text !== undefined) layer.add(...text);
    if (code === 53) {
      const name = typeNames[value[0] ?? 0] ?? `type ${value[0]}`;
      layer.add('Message type', name);
      decoded.info = yours === '0.0.0.0' ? name : `${name} of ${yours}`;
    }
  }
}

function optionText(code: number, value: Buffer): [string, string] | undefined {
  const address = addressOptions[code];
  if (address !== undefined && value.length >= 4) {
    const list: string[] = [];
    for (let at = 0; at + 4 <= value.length; at += 4) list.push(formatIpv4(value.readUInt32BE(at)));
    return [address, list.join(', ')];
  }
  const text = textOptions[code];
  if (text !== undefined) return [text, shown(value.toString('latin1'))];
  if (code === 51 && value.length === 4) return ['Lease time', `${value.readUInt32BE(0)} s`];
  if (code === 26 && value.length === 2) return ['MTU', String(value.readUInt16BE(0))];
  return code === 53 ? undefined : [`Option ${code}`, shown(value.toString('hex'))];
}

export function decodeDhcpv6(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'DHCPv6', reader);
  const type = reader.u8();
  decoded.info = v6Names[type] ?? `type ${type}`;
  layer.add('Message type', decoded.info);
  layer.add('Transaction', hex(reader.u24(), 6));
  while (reader.left >= 4) {
    const code = reader.u16();
    layer.add(`Option ${code}`, shown(reader.take(reader.u16()).toString('hex')));
  }
}
