import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createConnection, Socket } from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type ByteStream, byteStreamOver } from '@shared/ipc/byte-stream';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess } from '../../src/main/platform/process-host';
import { keepReady } from '../../src/main/platform/ready-process';
import { buildMain, type BuiltMain } from '../helpers/core';

let built: BuiltMain;
const processes: HostedProcess[] = [];

beforeAll(async () => {
  built = await buildMain({ 'machine-process': 'test/helpers/echo-process.ts' });
});
afterAll(() => built?.remove());
afterEach(async () => {
  for (const child of processes.splice(0)) {
    child.kill();
    await child.exited;
  }
});

function start(label = 'test'): HostedProcess {
  const child = nodeProcessHost(built.folder).start('machine-process', label);
  processes.push(child);
  return child;
}

const call = (child: HostedProcess, name: string, params?: unknown): void =>
  child.post({ kind: 'call', id: 1, name, params });

/** Collects what comes over a stream until there are that many bytes. */
function collect(stream: ByteStream, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let received = 0;
    stream.onClose(() => reject(new Error(`closed after ${received} bytes`)));
    stream.onData((data) => {
      parts.push(Buffer.from(data));
      received += data.byteLength;
      if (received >= length) resolve(Buffer.concat(parts));
    });
  });
}

const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe('the Node host of helper processes', () => {
  it('keeps a process ready that answers like any other, and gives away none that has died', async () => {
    const begun: HostedProcess[] = [];
    const real = nodeProcessHost(built.folder);
    const ready = keepReady(
      {
        start(entry, label) {
          const child = real.start(entry, label);
          begun.push(child);
          processes.push(child);
          return child;
        },
      },
      'machine-process',
      10,
    );
    const waiting = (count: number) => expect.poll(() => begun.length).toBe(count);
    await waiting(1);
    begun[0]?.kill();
    await begun[0]?.exited;
    const second = ready.start('machine-process', 'second');
    expect(second).toBe(begun[1]);
    await waiting(3);
    const third = ready.start('machine-process', 'third');
    expect(third).toBe(begun[2]);
    const echo = new Promise((resolve) => third.onMessage(resolve));
    call(third, 'x', 'words');
    expect(await echo).toMatchObject({ value: { params: 'words' } });
    await waiting(4);
  });

  it('carries messages both ways, in order', async () => {
    const child = start();
    const values: unknown[] = [];
    const all = new Promise<void>((resolve) =>
      child.onMessage(
        (message) => values.push((message as { value: { params: number } }).value.params) === 50 && resolve(),
      ),
    );
    for (let number = 0; number < 50; number++) call(child, 'x', number);
    await all;
    expect(values).toEqual(Array.from({ length: 50 }, (_, number) => number));
  });

  it('tells an end from a crash and from a kill, with the last lines', async () => {
    const ends = start();
    call(ends, 'exit', 7);
    expect(await ends.exited).toEqual({ code: 7, signal: null });
    const crashes = start();
    call(crashes, 'throw');
    expect((await crashes.exited).code).toBe(1);
    expect(crashes.tail.join('\n')).toContain('thrown on purpose');
    const killed = start();
    await new Promise<void>((resolve) => {
      killed.onMessage(() => resolve());
      call(killed, 'x');
    });
    process.kill(killed.pid ?? 0, 'SIGKILL');
    expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('keeps the last 200 lines only', async () => {
    const child = start();
    call(child, 'print', 300);
    call(child, 'exit', 0);
    await child.exited;
    expect(child.tail).toHaveLength(200);
    expect(child.tail.at(-1)).toBe('line 299');
  });

  it('closes its channel once when the process is gone, and takes messages for nobody', async () => {
    const child = start();
    let closed = 0;
    child.onClose(() => closed++);
    child.kill();
    await child.exited;
    await expect.poll(() => closed).toBe(1);
    child.onClose(() => closed++);
    expect(closed).toBe(2);
    call(child, 'late');
  });

  it('starts whatever the label is made of', async () => {
    const child = start('a\0b\n"$(reboot)" \u202e 🌱'.repeat(20));
    call(child, 'exit', 0);
    expect((await child.exited).code).toBe(0);
  });

  it('says when there is no such program', async () => {
    const child = nodeProcessHost('/nowhere').start('machine-process', 'x');
    expect((await child.exited).code).not.toBe(0);
    expect(child.tail.join('\n')).toContain('/nowhere');
  });

  it('carries streams of its own, several at a time', async () => {
    const child = start();
    const sent = [randomBytes(200_000), randomBytes(300_000)];
    const received = await Promise.all(
      sent.map(async (data, number) => {
        const stream = byteStreamOver(child.openStream({ number }));
        const greeting = JSON.stringify({ number });
        const collected = collect(stream, greeting.length + data.length);
        for (let start = 0; start < data.length; start += 65_536)
          stream.send(data.subarray(start, start + 65_536));
        const all = await collected;
        expect(all.subarray(0, greeting.length).toString()).toBe(greeting);
        // What came back may be here before the word that all has been taken.
        await expect.poll(() => stream.unsent).toBe(0);
        return all.subarray(greeting.length);
      }),
    );
    expect(received.map(digest)).toEqual(sent.map(digest));
  });

  it('ends its streams with the process', async () => {
    const child = start();
    const stream = byteStreamOver(child.openStream('x'));
    const closed = new Promise<void>((resolve) => stream.onClose(resolve));
    child.kill();
    await closed;
    await stream.drained();
  });
});

describe('a WebSocket that is handed over', () => {
  let server: Server;
  let give: (socket: Socket, head: Buffer, headers: Record<string, string>) => void;

  beforeAll(async () => {
    server = createServer();
    server.on('upgrade', ({ headers }, socket, head: Buffer) => {
      const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      if (socket instanceof Socket) give(socket, head, plain);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const connect = (): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, { perMessageDeflate: false });

  it('is spoken to by the process itself, with whole messages', async () => {
    const child = start();
    give = (socket, head, headers) =>
      child.giveStream({ name: 'graphics' }, { kind: 'web-socket', socket, head, headers });
    const client = connect();
    const data = randomBytes(3_000_000);
    const parts: Buffer[] = [];
    const done = new Promise<void>((resolve) => {
      client.on('message', (message: Buffer, isBinary) => {
        if (!isBinary) return;
        client.send(`ack ${message.byteLength}`);
        parts.push(message);
        if (Buffer.concat(parts).length === data.length + 19) resolve();
      });
    });
    await once(client, 'open');
    for (let start = 0; start < data.length; start += 100_000)
      client.send(data.subarray(start, start + 100_000));
    await done;
    const all = Buffer.concat(parts);
    expect(all.subarray(0, 19).toString()).toBe('{"name":"graphics"}');
    expect(digest(all.subarray(19))).toBe(digest(data));
    const closed = once(client, 'close');
    child.kill();
    await closed;
  });

  it.skipIf(process.platform === 'win32')('loses nothing that comes before the process has it', async () => {
    const child = start();
    const answered = new Promise<void>((resolve) => child.onMessage(() => resolve()));
    call(child, 'is there');
    await answered;
    process.kill(child.pid ?? 0, 'SIGSTOP');
    const given = new Promise<void>((resolve) => {
      give = (socket, head, headers) => {
        child.giveStream('x', { kind: 'web-socket', socket, head, headers });
        resolve();
      };
    });
    const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    let received = '';
    client.on('data', (data) => (received += data.toString('latin1')));
    const key = randomBytes(16).toString('base64');
    client.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await given;
    // A binary message of five bytes, under a mask of zeros.
    client.write(Buffer.from([0x82, 0x85, 0, 0, 0, 0, ...Buffer.from('early')]));
    // Enough for this process to see the message, if it still looked for one.
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.kill(child.pid ?? 0, 'SIGCONT');
    await expect.poll(() => received).toContain('early');
    client.destroy();
  });

  it('is closed when there is no process any more', async () => {
    const child = start();
    child.kill();
    await child.exited;
    give = (socket, head, headers) => child.giveStream('x', { kind: 'web-socket', socket, head, headers });
    const client = connect();
    const [error] = (await once(client, 'error').catch((thrown: unknown) => [thrown])) as [Error];
    expect(error.message).toContain('hang up');
  });

  it('does no harm when it is no WebSocket', async () => {
    const child = start();
    give = (socket, head) => child.giveStream('x', { kind: 'web-socket', socket, head, headers: {} });
    const client = connect();
    await once(client, 'error').catch((thrown: unknown) => thrown);
    const answered = new Promise<void>((resolve) => child.onMessage(() => resolve()));
    call(child, 'still there');
    await answered;
  });
});
