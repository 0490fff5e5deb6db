import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter } from './decoded';
import { decodeDhcp, decodeDhcpv6 } from './dhcp';
import { decodeDnsMessage } from './dns';

export function decodeUdp(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'UDP', reader);
  const [source, destination] = [reader.u16(), reader.u16()];
  decoded.ports = { source, destination };
  layer.add('Source port', source);
  layer.add('Destination port', destination);
  const length = reader.u16();
  layer.add('Length', length);
  layer.add('Checksum', hex(reader.u16(), 4));
  decoded.info = `${source} → ${destination} Len=${Math.max(length - 8, 0)}`;
  const is = (...ports: number[]): boolean => ports.includes(source) || ports.includes(destination);
  if (reader.left === 0) return;
  if (is(53)) decodeDnsMessage(decoded, 'DNS', reader);
  else if (is(5353)) decodeDnsMessage(decoded, 'mDNS', reader);
  else if (is(67, 68)) decodeDhcp(decoded, reader);
  else if (is(546, 547)) decodeDhcpv6(decoded, reader);
}
