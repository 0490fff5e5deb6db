import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter, namesOf } from './decoded';
import { decodeDnsMessage } from './dns';
import { decodeHttp } from './http';
import { decodeTls } from './tls';

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const dnsPort = 53;

export function decodeTcp(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'TCP', reader);
  const [source, destination] = [reader.u16(), reader.u16()];
  decoded.ports = { source, destination };
  decoded.info = `${source} → ${destination}`;
  layer.add('Source port', source);
  layer.add('Destination port', destination);
  const sequence = reader.u32();
  layer.add('Sequence number', sequence);
  const acknowledgment = reader.u32();
  layer.add('Acknowledgment number', acknowledgment);
  const headerLength = (reader.u8() >>> 4) * 4;
  layer.add('Header length', headerLength);
  const flags = reader.u8();
  layer.add('Flags', namesOf(flags, flagNames));
  const window = reader.u16();
  layer.add('Window', window);
  layer.add('Checksum', hex(reader.u16(), 4));
  layer.add('Urgent pointer', reader.u16());
  readOptions(layer, reader.part(Math.max(headerLength - 20, 0)));
  layer.done();
  const data = reader.bytes.subarray(reader.position, reader.end);
  decoded.tcp = { sequence, flags, data };
  const acknowledges = (flags & 16) !== 0 ? ` Ack=${acknowledgment}` : '';
  decoded.info += ` [${namesOf(flags, flagNames)}] Seq=${sequence}${acknowledges} Win=${window} Len=${data.length}`;
  if (data.length === 0) return;
  if (source === dnsPort || destination === dnsPort) {
    reader.skip(2);
    decodeDnsMessage(decoded, 'DNS', reader);
  } else if (!decodeTls(decoded, reader)) {
    decodeHttp(decoded, reader);
  }
}

function readOptions(layer: LayerWriter, options: FieldReader): void {
  while (options.left > 0) {
    const kind = options.u8();
    if (kind === 0) return;
    if (kind === 1) continue;
    const length = options.u8() - 2;
    const value = options.part(length);
    if (length < 0) return;
    if (kind === 2 && length === 2) layer.add('Option', `maximum segment size ${value.u16()}`);
    else if (kind === 3 && length === 1) layer.add('Option', `window scale ${value.u8()}`);
    else if (kind === 4) layer.add('Option', 'SACK permitted');
    else if (kind === 5) layer.add('Option', `SACK ${blocks(value)}`);
    else if (kind === 8) layer.add('Option', 'timestamps');
    else layer.add('Option', `kind ${kind}`);
  }
}

function blocks(value: FieldReader): string {
  const list: string[] = [];
  while (value.left >= 8) list.push(`${value.u32()}–${value.u32()}`);
  return list.join(', ');
}
