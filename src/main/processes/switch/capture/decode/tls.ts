import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter, shown } from './decoded';

/** TLS records (RFC 8446, 5.1) and the name in a ClientHello (RFC 6066, 3). */
const recordNames: Readonly<Record<number, string>> = {
  20: 'Change cipher spec',
  21: 'Alert',
  22: 'Handshake',
  23: 'Application data',
};
const handshakeNames: Readonly<Record<number, string>> = {
  1: 'Client hello',
  2: 'Server hello',
  4: 'New session ticket',
  11: 'Certificate',
  14: 'Server hello done',
  16: 'Client key exchange',
};
const longestRecord = 16_384 + 2048;

/** @returns whether it is TLS; nothing has been read then when it is not */
export function decodeTls(decoded: Decoded, reader: FieldReader): boolean {
  const { bytes, position: start } = reader;
  if (reader.left < 5 || !(bytes[start]! in recordNames) || bytes[start + 1] !== 3 || bytes[start + 2]! > 4) {
    return false;
  }
  if (bytes.readUInt16BE(start + 3) > longestRecord) return false;
  const layer = new LayerWriter(decoded, 'TLS', reader);
  const said: string[] = [];
  while (reader.left >= 5) {
    const type = reader.u8();
    const version = reader.u16();
    const record = reader.part(reader.u16());
    const name = type === 22 ? handshake(layer, record) : (recordNames[type] ?? `record ${type}`);
    layer.add('Record', `${name}, version ${hex(version, 4)}`);
    said.push(name);
  }
  decoded.info = said.join(', ');
  return true;
}

function handshake(layer: LayerWriter, record: FieldReader): string {
  if (record.left < 4) return 'Handshake';
  const type = record.u8();
  const name = handshakeNames[type] ?? 'Handshake (encrypted)';
  const body = record.part(record.u24());
  if (type !== 1) return name;
  body.skip(2 + 32);
  body.skip(body.u8());
  body.skip(body.u16());
  body.skip(body.u8());
  if (body.left < 2) return name;
  const extensions = body.part(body.u16());
  while (extensions.left >= 4) {
    const kind = extensions.u16();
    const extension = extensions.part(extensions.u16());
    if (kind !== 0 || extension.left < 5) continue;
    extension.skip(3);
    const server = shown(extension.take(extension.u16()).toString('latin1'));
    layer.add('Server name', server);
    return `${name} (${server})`;
  }
  return name;
}
