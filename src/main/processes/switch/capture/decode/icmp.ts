import { formatIpv6 } from '@shared/network/ipv6';
import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter } from './decoded';

const names4: Readonly<Record<number, string>> = {
  0: 'Echo reply',
  3: 'Unreachable',
  4: 'Source quench',
  5: 'Redirect',
  8: 'Echo request',
  11: 'Time exceeded',
  12: 'Parameter problem',
};
const unreachable4 = ['network', 'host', 'protocol', 'port', 'fragmentation needed'];
const names6: Readonly<Record<number, string>> = {
  1: 'Unreachable',
  2: 'Packet too big',
  3: 'Time exceeded',
  4: 'Parameter problem',
  128: 'Echo request',
  129: 'Echo reply',
  130: 'Multicast listener query',
  133: 'Router solicitation',
  134: 'Router advertisement',
  135: 'Neighbour solicitation',
  136: 'Neighbour advertisement',
  143: 'Multicast listener report',
};
const unreachable6 = ['no route', 'prohibited', 'beyond scope', 'address', 'port'];

export function decodeIcmp(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'ICMP', reader);
  const { type, code, name } = readHead(layer, reader, names4);
  decoded.info = name;
  if (type === 0 || type === 8) decoded.info += echo(layer, reader);
  else if (type === 3) decoded.info += ` (${unreachable4[code] ?? code})`;
}

export function decodeIcmpv6(decoded: Decoded, reader: FieldReader): void {
  const layer = new LayerWriter(decoded, 'ICMPv6', reader);
  const { type, code, name } = readHead(layer, reader, names6);
  decoded.info = name;
  if (type === 128 || type === 129) {
    decoded.info += echo(layer, reader);
  } else if (type === 1) {
    decoded.info += ` (${unreachable6[code] ?? code})`;
  } else if (type === 135 || type === 136) {
    reader.skip(4);
    const target = formatIpv6(reader.take(16).toString('latin1'));
    layer.add('Target', target);
    decoded.info += type === 135 ? ` for ${target}` : ` of ${target}`;
  }
}

function readHead(
  layer: LayerWriter,
  reader: FieldReader,
  names: Readonly<Record<number, string>>,
): { type: number; code: number; name: string } {
  const [type, code] = [reader.u8(), reader.u8()];
  const name = names[type] ?? `type ${type}`;
  layer.add('Type', `${type} (${name})`);
  layer.add('Code', code);
  layer.add('Checksum', hex(reader.u16(), 4));
  return { type, code, name };
}

function echo(layer: LayerWriter, reader: FieldReader): string {
  const [identifier, sequence] = [reader.u16(), reader.u16()];
  layer.add('Identifier', hex(identifier, 4));
  layer.add('Sequence', sequence);
  return `, id ${hex(identifier, 4)}, seq ${sequence}`;
}
