import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureRequest } from '@shared/network/capture';
import { Capture } from '../../src/main/processes/switch/capture/capture';
import { dnsQuestion, TestGuest } from '../../src/main/processes/switch/testing/guest';
import { TestGuest6 } from '../../src/main/processes/switch/testing/guest6';
import { testNetwork } from '../../src/main/processes/switch/testing/network';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

const tshark = findProgram('tshark');
if (!tshark) sayWhySkipped('captures as others read them', 'tshark is not there');

/** Our frames and our files, as the program reads them that everybody else uses. */
describe.skipIf(!tshark)('a capture that was saved', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let capture: Capture;
  let path: string;
  const closing: (() => Promise<unknown>)[] = [];

  /** What tshark says of every packet: one line each, the fields separated by tabs. */
  const read = (...fields: string[]): string[][] => {
    const wanted = fields.flatMap((field) => ['-e', field]);
    const output = execFileSync(tshark ?? '', ['-n', '-r', path, '-T', 'fields', ...wanted], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 60_000,
    });
    return output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
  };

  beforeAll(async () => {
    folder = await temporaryFolder('capture');
    const page = Buffer.alloc(300_000, 'page ');
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.end(page));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: hostPort } = server.address() as { port: number };
    const { bridge, gateway } = testNetwork({
      ipv6: { prefix: 'fd00:86::/64' },
      offers: [{ protocol: 'tcp', port: 80, hostPort }],
    });
    closing.push(
      () => gateway.close(),
      () => Promise.resolve(bridge.close()),
      () => new Promise((resolve) => server.close(resolve)),
      () => folder.remove(),
    );
    capture = bridge.tap = new Capture({
      request: captureRequest.parse({ port: null }),
      wallClock: () => performance.timeOrigin + performance.now(),
      nameOf: (id) => `Büro ${id}`,
    });
    const guest = new TestGuest('a', 0x525400000001, bridge);
    guest.lease();
    guest.gatewayMac = await guest.arp(0x0a560001);
    await guest.ask(0x0a560001, 53, dnsQuestion('gateway', 1));
    // In fragments, and to a port on which nobody listens.
    guest.sendUdp(5000, 0x0a560001, 9999, Buffer.alloc(4000));
    const stream = guest.connect(0x0a560001, 80);
    stream.connection?.end();
    await guest.until(() => stream.end);
    const guest6 = new TestGuest6('b', 0x525400000002, bridge);
    guest6.join();
    guest6.solicit(guest6.gateway);
    await guest6.ask(guest6.gateway, 53, dnsQuestion('gateway', 28));
    const stream6 = guest6.connect(guest6.gateway, 80);
    stream6.connection?.end();
    await guest.until(() => stream6.end);
    path = join(folder.path, 'all.pcapng');
    bridge.tap = undefined; // what the guests still say would be in what we show, and not in the file
    await capture.save(path, '');
  });
  afterAll(async () => {
    for (const close of closing) await close();
  });

  it('has every packet in it with its time, its port and its direction', async () => {
    const ours = (await capture.page(0, 1000, '')).packets;
    expect(ours.length).toBeGreaterThan(100);
    const theirs = read(
      'frame.number',
      'frame.time_epoch',
      'frame.len',
      'frame.interface_name',
      'frame.packet_flags_direction',
    );
    expect(theirs.map(([number]) => Number(number))).toEqual(ours.map(({ number }) => number));
    theirs.forEach(([, time, length, name, direction], index) => {
      const packet = ours[index];
      expect(Math.abs(Number(time) * 1000 - (packet?.time ?? 0))).toBeLessThan(0.01);
      expect([Number(length), name]).toEqual([packet?.length, `Büro ${packet?.port}`]);
      expect(Number(direction)).toBe(1);
    });
  });

  it('is nothing but packets without a fault', () => {
    // Every checksum is verified; TCP's own remarks would be retransmissions, gaps and the like.
    const output = execFileSync(
      tshark ?? '',
      [
        ...['-n', '-r', path, '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE'],
        ...[
          '-o',
          'udp.check_checksum:TRUE',
          '-T',
          'fields',
          '-e',
          'frame.number',
          '-e',
          '_ws.expert.message',
        ],
        ...['-Y', '_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.analysis.flags'],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 },
    );
    expect(output).toBe('');
  });

  it('means to others what it means to us', async () => {
    const known: Record<string, string> = { HTTP: 'TCP' };
    const theirs = read('_ws.col.Protocol', '_ws.col.Source', '_ws.col.Destination');
    const ours = (await capture.page(0, 1000, '')).packets;
    const different = ours.flatMap(({ number, protocol, source, destination, info }, index) => {
      const [theirProtocol = '', theirSource, theirDestination] = theirs[index] ?? [];
      // A fragment that is put together is told under the protocol that is in it, by the last of its pieces.
      if (info.startsWith('fragment') || theirProtocol === 'IPv4') return [];
      const same = (known[protocol] ?? protocol) === (known[theirProtocol] ?? theirProtocol);
      const ends = protocol === 'ARP' || (source === theirSource && destination === theirDestination);
      return same && ends
        ? []
        : [`${number}: ${protocol} ${source} ${info} is ${theirProtocol} ${theirSource}`];
    });
    expect(different).toEqual([]);
  });
});
