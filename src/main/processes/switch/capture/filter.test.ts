import { describe, expect, it } from 'vitest';
import { failureCode } from '../../../../../test/helpers/core';
import { headerLength, writeHeader } from '../ethernet/frame';
import { writeIpv4Header } from '../ipv4/packet';
import { decodeFrame } from './decode/frame';
import { parseFilter } from './filter';

/** A datagram from 10.0.0.1:1000 to 10.0.0.2:2000. */
const frame = Buffer.alloc(headerLength + 28);
writeHeader(frame, 0x020000000002, 0x020000000001, 0x0800);
writeIpv4Header(frame, headerLength, {
  source: 0x0a000001,
  destination: 0x0a000002,
  protocol: 17,
  length: 8,
  identification: 1,
  fragment: 0,
});
frame.writeUInt16BE(1000, 34);
frame.writeUInt16BE(2000, 36);
frame.writeUInt16BE(8, 38);
const decoded = decodeFrame(frame);

describe('a filter of a capture', () => {
  it.each([
    '',
    'udp',
    'ip and not tcp',
    'host 10.0.0.1',
    'src host 10.0.0.1 and dst host 10.0.0.2',
    'net 10.0.0.0/8',
    'udp port 2000',
    'dst port 2000',
    'portrange 500-1500',
    'ether host 02:00:00:00:00:01',
    'ether dst 02:00:00:00:00:02',
    'tcp or (arp or (udp and src port 1000))',
    '!(tcp || arp) && greater 42 && less 42',
    'UDP PORT 1000',
  ])('fits: %s', (text) => expect(parseFilter(text)(decoded, frame.length)).toBe(true));

  it.each([
    'tcp',
    'not udp',
    'src host 10.0.0.2',
    'host fd00::1',
    'net 11.0.0.0/8',
    'tcp port 2000',
    'src port 2000',
    'portrange 3000-4000',
    'ether src 02:00:00:00:00:02',
    'greater 43',
    'udp and not port 2000 or arp',
  ])('does not fit: %s', (text) => expect(parseFilter(text)(decoded, frame.length)).toBe(false));

  it.each([
    'tpc',
    'port',
    'port 80000',
    'port x',
    'host',
    'host nobody',
    'udp and',
    'udp arp',
    '(udp',
    'udp)',
    'constructor',
    'portrange 9-1',
    'ether 1',
    `${'('.repeat(100)}udp${')'.repeat(100)}`,
    'not '.repeat(100),
  ])('is refused: %s', async (text) => {
    const parsing = new Promise((resolve) => resolve(parseFilter(text)));
    expect(await failureCode(parsing)).toBe('input.invalid');
  });
});
