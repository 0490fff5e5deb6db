import fc from 'fast-check';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firewall } from '@shared/network/firewall';
import type { Gateway } from '../gateway/gateway';
import { defaultNetwork } from '@shared/network/config';
import { TestConnection, TestGuest } from '../testing/guest';
import { TestGuest6 } from '../testing/guest6';
import { testNetwork } from '../testing/network';
import { readRequest } from './request';

const anHour = 3_600_000;

/** A free port; nothing else of this test takes one meanwhile. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the proxy of a network', () => {
  let network: ReturnType<typeof testNetwork>;
  let gateway: Gateway;
  let guest: TestGuest;
  let port: number;
  const sockets: Socket[] = [];

  /** Answers on port 80 what it was sent, in capitals. */
  const shouting = (): TestConnection => {
    const user = new TestConnection();
    const { data } = user;
    user.data = (bytes) => {
      data.call(user, bytes);
      user.connection?.write(Buffer.from(bytes.toString().toUpperCase()));
    };
    user.ended = () => user.connection?.end();
    return user;
  };
  const config = { ...defaultNetwork(), ipv6: { prefix: 'fd00:86::/64' } };

  beforeEach(async () => {
    port = await freePort();
    network = testNetwork(config);
    ({ gateway } = network);
    network.machines.plug({
      port: 'a',
      machine: 'aaaaaaaaaaaaaaaa',
      name: 'Web server',
      mac: 0x525400000001,
    });
    guest = new TestGuest('a', 0x525400000001, network.bridge);
    guest.lease();
    guest.gatewayMac = await guest.arp(0x0a560001);
    guest.serve = (connection) => {
      const user = shouting();
      user.connection = connection;
      queueMicrotask(() => (connection.accept(), guest.flush()));
      return user;
    };
    expect(await gateway.setProxy(port)).toBeNull();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await gateway.close();
    network.bridge.close();
  });

  /** Sends pieces, each when an answer to the one before has come, and then waits for the end. */
  const talk = (...pieces: (Buffer | string)[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      const received: Buffer[] = [];
      const next = (): void => {
        const piece = pieces.shift();
        if (piece === undefined) socket.end();
        else socket.write(piece);
      };
      socket.on('connect', next);
      socket.on('data', (data) => (received.push(data), next()));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(received)));
    });
  const socks = (host: Buffer, type: number, guestPort: number): [Buffer, Buffer] => [
    Buffer.of(5, 2, 0, 2),
    Buffer.concat([Buffer.of(5, 1, 0, type), host, Buffer.of(guestPort >> 8, guestPort & 255)]),
  ];
  const name = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
  const socksReply = async (...steps: (Buffer | string)[]): Promise<number | undefined> =>
    (await talk(...steps)).subarray(2)[1];

  it('leads to machines by name and by address with SOCKS 5', async () => {
    for (const host of ['web-server', 'WEB-SERVER.vm.internal', 'web-server.vm.internal.']) {
      const answer = await talk(...socks(name(host), 3, 80), 'hello');
      expect(answer.subarray(0, 4)).toEqual(Buffer.of(5, 0, 5, 0));
      expect(answer.subarray(12).toString()).toBe('HELLO');
    }
    const address = Buffer.alloc(4);
    address.writeUInt32BE(guest.address);
    expect((await talk(...socks(address, 1, 80), 'by address')).subarray(12).toString()).toBe('BY ADDRESS');
  });

  it('leads to machines by IPv6', async () => {
    const guest6 = new TestGuest6('b', 0x525400000002, network.bridge);
    guest6.join();
    guest6.serve = guest.serve;
    const bytes = Buffer.from(guest6.address, 'latin1');
    guest6.solicit(guest6.gateway);
    expect((await talk(...socks(bytes, 4, 80), 'six')).subarray(12).toString()).toBe('SIX');
  });

  it('leads to machines with CONNECT, and passes plain requests on for what they are', async () => {
    const answer = (await talk('CONNECT web-server:80 HTTP/1.1\r\nHost: x\r\n\r\n', 'tunnelled')).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nTUNNELLED$/);
    // Sent together with its first bytes.
    expect((await talk('CONNECT web-server:80 HTTP/1.1\r\n\r\nat once')).toString()).toContain('AT ONCE');
    guest.serve = (connection) => {
      const user = new TestConnection();
      user.data = (bytes) => {
        const body = bytes.toString();
        connection.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
        connection.end();
      };
      queueMicrotask(() => (connection.accept(), guest.flush()));
      return user;
    };
    const seen = await new Promise<string>((resolve, reject) => {
      const headers = { 'X-Kept': 'yes', 'Proxy-Authorization': 'secret', Host: 'web-server' };
      const asked = request(
        { host: '127.0.0.1', port, path: 'http://web-server/page?x=1', headers },
        (response) => {
          let body = '';
          response.on('data', (data: Buffer) => (body += data.toString()));
          response.on('end', () => resolve(body));
        },
      );
      asked.on('error', reject);
      asked.end();
    });
    expect(seen).toMatch(/^GET \/page\?x=1 HTTP\/1\.1\r\n/);
    expect(seen).toContain('X-Kept: yes');
    expect(seen).toContain('Connection: close');
    expect(seen).not.toContain('secret');
  });

  it('says why it does not: nobody, nobody there, nobody listens, not allowed', async () => {
    guest.serve = undefined;
    expect(await socksReply(...socks(name('nobody'), 3, 80))).toBe(4);
    expect(await socksReply(...socks(name('gateway'), 3, 53))).toBe(4);
    expect(await socksReply(...socks(name('example.org'), 3, 80))).toBe(4);
    expect(await socksReply(...socks(Buffer.of(127, 0, 0, 1), 1, 80))).toBe(4);
    expect(await socksReply(...socks(name('web-server'), 3, 81))).toBe(5);
    expect((await talk('CONNECT web-server:81 HTTP/1.1\r\n\r\n')).toString()).toMatch(/^HTTP\/1\.1 502 /);
    const rules = [
      { action: 'deny', direction: 'in', protocol: 'tcp', address: null, ports: { first: 80, last: 80 } },
    ];
    gateway.configure({ ...config, firewall: firewall.parse({ rules }) });
    expect(await socksReply(...socks(name('web-server'), 3, 80))).toBe(2);
    expect((await talk('CONNECT web-server:80 HTTP/1.1\r\n\r\n')).toString()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('is at the loopback only, and a port that is taken is told', async () => {
    const second = testNetwork();
    expect(await second.gateway.setProxy(port)).toMatchObject({ code: 'network.port-in-use' });
    await second.gateway.close();
    expect(await gateway.setProxy(undefined)).toBeNull();
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('carries much in both directions at once', async () => {
    const much = Buffer.alloc(3_000_000, 'abc');
    const answer = await talk('CONNECT web-server:80 HTTP/1.1\r\n\r\n', much);
    const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4);
    expect(body.equals(Buffer.alloc(much.length, 'ABC'))).toBe(true);
  });
});

describe('what a client of the proxy says', () => {
  it('is read the same in whatever pieces it comes', () => {
    const whole = Buffer.from('CONNECT [fd00:86::5]:8080 HTTP/1.1\r\nA: b\r\n\r\nrest');
    for (let length = 0; length < whole.indexOf('\r\n\r\n') + 4; length++) {
      expect(readRequest(whole.subarray(0, length), false)).toEqual({ kind: 'more' });
    }
    const step = readRequest(whole, false);
    expect(step).toMatchObject({ kind: 'request', request: { host: 'fd00:86::5', port: 8080 } });
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, greeted) => {
        const step = readRequest(Buffer.from(bytes), greeted);
        expect(['more', 'answer', 'request', 'wrong']).toContain(step.kind);
        if (step.kind === 'answer') expect(step.used).toBeGreaterThan(0);
      }),
      { numRuns: 5000, interruptAfterTimeLimit: anHour },
    );
    const heads = fc
      .constantFrom('GET', 'CONNECT', 'POST', ' ')
      .chain((method) =>
        fc
          .tuple(
            fc.constantFrom('http://', 'https://', '', '//'),
            fc.webAuthority(),
            fc.constantFrom('', ':0', ':99999', '/x'),
          )
          .map((parts) => `${method} ${parts.join('')} HTTP/1.1\r\n\r\n`),
      );
    fc.assert(
      fc.property(heads, (head) => {
        expect(['request', 'wrong']).toContain(readRequest(Buffer.from(head), false).kind);
      }),
    );
    expect(readRequest(Buffer.alloc(20_000, 'x'), false)).toMatchObject({ kind: 'wrong' });
  });
});
