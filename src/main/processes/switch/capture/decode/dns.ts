import { formatIpv4 } from '@shared/network/address';
import { formatIpv6 } from '@shared/network/ipv6';
import { dnsHeaderLength, records } from '../../dns/message';
import { decodeName } from '../../dns/name';
import type { FieldReader } from '../reader';
import { type Decoded, hex, LayerWriter, shown } from './decoded';

const typeNames: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  41: 'OPT',
  65: 'HTTPS',
  255: 'ANY',
};
const codeNames = [
  'no error',
  'format error',
  'server failure',
  'no such name',
  'not implemented',
  'refused',
];
const maxShown = 30;

export function decodeDnsMessage(decoded: Decoded, protocol: 'DNS' | 'mDNS', reader: FieldReader): void {
  // Names refer to places in the message.
  const message = reader.bytes.subarray(reader.position, reader.end);
  const layer = new LayerWriter(decoded, protocol, reader);
  layer.add('Id', hex(reader.u16(), 4));
  const bits = reader.u16();
  const isAnswer = (bits & 0x8000) !== 0;
  const code = codeNames[bits & 15] ?? `code ${bits & 15}`;
  layer.add('Kind', isAnswer ? `answer, ${code}` : 'question');
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  layer.add('Records', counts.join(', '));
  reader.position = reader.end;
  const asked: string[] = [];
  let position = dnsHeaderLength;
  for (let index = 0; index < Math.min(counts[0] ?? 0, maxShown); index++) {
    const name = decodeName(message, position);
    if (!name || name.end + 4 > message.length) break;
    const type = message.readUInt16BE(name.end);
    asked.push(`${typeNames[type] ?? type} ${shown(name.name)}`);
    layer.add('Question', asked.at(-1) ?? '');
    position = name.end + 4;
  }
  const answers: string[] = [];
  for (const { type, data, end } of records(message, position, Math.min(counts[1] ?? 0, maxShown))) {
    answers.push(`${typeNames[type] ?? type} ${contents(message, type, data, end)}`);
    layer.add('Answer', answers.at(-1) ?? '');
  }
  const failed = isAnswer && (bits & 15) !== 0 ? `, ${code}` : '';
  const said = answers.length > 0 ? `: ${answers.join(', ')}` : failed;
  decoded.info = shown(`${isAnswer ? 'Answer' : 'Question'} ${asked.join(', ')}${said}`);
}

function contents(message: Buffer, type: number, data: number, end: number): string {
  const length = end - data;
  if (type === 1 && length === 4) return formatIpv4(message.readUInt32BE(data));
  if (type === 28 && length === 16) return formatIpv6(message.toString('latin1', data, end));
  if (type === 2 || type === 5 || type === 12) return shown(decodeName(message, data)?.name ?? '?');
  if (type === 16) return shown(message.toString('latin1', data + 1, end));
  return `${length} bytes`;
}
