import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter';
import { parseQmpMessage } from './messages';
import { QmpClient } from './qmp-client';

const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}\r\n';

type Request = { execute: string; arguments: unknown; id: number };

/** A socket that greets like QEMU and answers as a test says. */
class FakeQemu {
  server: Server | undefined;
  socket: Socket | undefined;
  readonly requests: Request[] = [];
  answer: (request: Request) => string | undefined = ({ id }) => JSON.stringify({ return: {}, id });

  async listen(path: string): Promise<void> {
    const server = createServer((socket) => {
      this.socket = socket;
      socket.on('error', () => {});
      socket.write(greeting);
      const lines = new LineSplitter(1e6);
      socket.on('data', (data) => {
        for (const line of lines.push(data)) {
          const request = JSON.parse(line) as Request;
          this.requests.push(request);
          const text =
            request.execute === 'qmp_capabilities'
              ? JSON.stringify({ return: {}, id: request.id })
              : this.answer(request);
          if (text !== undefined) socket.write(`${text}\r\n`);
        }
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }
}

let folder: string;
let path: string;
let qemu: FakeQemu;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-qmp-'));
  path = join(folder, 'q');
  qemu = new FakeQemu();
  await qemu.listen(path);
});

afterEach(async () => {
  qemu.socket?.destroy();
  await new Promise<void>((resolve) => qemu.server?.close(() => resolve()) ?? resolve());
  await rm(folder, { recursive: true });
});

describe('a QMP client', () => {
  it('negotiates and knows the version', async () => {
    const client = await QmpClient.connect({ path });
    expect(client.version).toBe('7.2.22');
    expect(qemu.requests.map(({ execute }) => execute)).toEqual(['qmp_capabilities']);
    client.close();
  });

  it('matches answers to requests by id, whatever their order', async () => {
    const client = await QmpClient.connect({ path });
    const held: Request[] = [];
    qemu.answer = (request) => {
      held.push(request);
      if (held.length < 2) return undefined;
      return held
        .reverse()
        .map(({ id, execute }) =>
          JSON.stringify(
            execute === 'query-status'
              ? { return: { status: 'paused', running: false }, id }
              : { return: 'text', id },
          ),
        )
        .join('\r\n');
    };
    const [status, text] = await Promise.all([
      client.execute('query-status', {}),
      client.execute('human-monitor-command', { 'command-line': 'info version' }),
    ]);
    expect(status.status).toBe('paused');
    expect(text).toBe('text');
    client.close();
  });

  it('passes on refusals in QEMU’s words', async () => {
    const client = await QmpClient.connect({ path });
    qemu.answer = ({ id }) =>
      JSON.stringify({ error: { class: 'GenericError', desc: 'No such device' }, id });
    await expect(client.execute('stop', {})).rejects.toMatchObject({
      code: 'engine.failed',
      message: 'QEMU refuses “stop”: No such device',
    });
    client.close();
  });

  it('gives up what is not answered in time, and drops the late answer', async () => {
    const client = await QmpClient.connect({ path });
    let late = 0;
    qemu.answer = ({ id }) => {
      late ||= id;
      return undefined;
    };
    await expect(client.execute('stop', {}, 30)).rejects.toMatchObject({ code: 'timeout' });
    qemu.socket?.write(`${JSON.stringify({ return: {}, id: late })}\r\n`);
    qemu.answer = ({ id }) => JSON.stringify({ return: {}, id });
    await client.execute('cont', {});
    client.close();
  });

  it('fails everything that waits when QEMU dies, and tells it once', async () => {
    const client = await QmpClient.connect({ path });
    const told: string[] = [];
    client.onClose(({ code }) => told.push(code));
    qemu.answer = () => {
      qemu.socket?.destroy();
      return undefined;
    };
    await expect(client.execute('stop', {})).rejects.toMatchObject({ code: 'ipc.closed' });
    await expect(client.execute('cont', {})).rejects.toMatchObject({ code: 'ipc.closed' });
    expect(told).toEqual(['ipc.closed']);
  });

  it('hands events to their listeners only', async () => {
    const client = await QmpClient.connect({ path });
    const heard: unknown[] = [];
    client.on('SHUTDOWN', (data) => heard.push(data));
    const times: unknown[] = [];
    client.on('STOP', (_data, at) => times.push(at));
    qemu.socket?.write('{"event": "STOP", "timestamp": {"seconds": 1700000000, "microseconds": 250000}}\r\n');
    qemu.socket?.write('{"event": "STOP", "timestamp": {"seconds": -1, "microseconds": -1}}\r\n');
    qemu.socket?.write('{"event": "NIC_RX_FILTER_CHANGED", "data": {}, "timestamp": {}}\r\n');
    qemu.socket?.write('{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}\r\n');
    await client.execute('cont', {});
    expect(heard).toEqual([{ guest: true, reason: 'guest-shutdown' }]);
    expect(times).toEqual([1_700_000_000_250, undefined]);
    client.close();
  });

  it('says so when an answer is not what the command gives', async () => {
    const client = await QmpClient.connect({ path });
    qemu.answer = ({ id }) => JSON.stringify({ return: { status: 5 }, id });
    await expect(client.execute('query-status', {})).rejects.toMatchObject({ code: 'ipc.bad-message' });
    client.close();
  });

  it('waits for a socket that is not there yet, but not for ever', async () => {
    const later = join(folder, 'later');
    const waiting = QmpClient.connect({ path: later });
    const second = new FakeQemu();
    setTimeout(() => void second.listen(later), 50);
    (await waiting).close();
    second.server?.close();
    const started = performance.now();
    await expect(QmpClient.connect({ path: join(folder, 'never') }, { timeoutMs: 60 })).rejects.toMatchObject(
      {
        code: 'timeout',
      },
    );
    expect(performance.now() - started).toBeLessThan(8000);
  });

  it('closes on a line without an end', async () => {
    const client = await QmpClient.connect({ path });
    const closed = new Promise<string>((resolve) => client.onClose(({ code }) => resolve(code)));
    const piece = Buffer.alloc(1024 * 1024, 0x20);
    for (let count = 0; count < 9; count++) qemu.socket?.write(piece);
    expect(await closed).toBe('ipc.bad-message');
  });

  it('survives whatever is sent: it answers, refuses or closes, and nothing is thrown', async () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(
          '{"return": {}, "id": 2}',
          '{"return": {"status": "running", "running": true}, "id": 2}',
          '{"error": {"class": "GenericError", "desc": "x"}, "id": 2}',
          '{"error": {"class": "GenericError", "desc": "x"}}',
          '{"event": "BLOCK_IO_ERROR", "data": {"operation": "read", "action": "stop"}}',
          greeting.trim(),
        ),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
        fc.nat(3),
      )
      .map(([text, at, bytes, removed]) => {
        const position = at % (text.length + 1);
        return Buffer.concat([
          Buffer.from(text.slice(0, position)),
          bytes,
          Buffer.from(text.slice(position + removed)),
          Buffer.from('\n'),
        ]);
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), { maxLength: 4 }),
        async (junk) => {
          const client = await QmpClient.connect({ path });
          client.on('BLOCK_IO_ERROR', () => {});
          qemu.answer = () => undefined;
          const asked = client.execute('query-status', {}, 15).then(
            () => 'answered',
            ({ code }: { code: string }) => code,
          );
          for (const data of junk) qemu.socket?.write(data);
          expect(['answered', 'timeout', 'ipc.closed', 'ipc.bad-message', 'engine.failed']).toContain(
            await asked,
          );
          client.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives every request its own answer, among events, foreign answers and empty lines, however they are cut', async () => {
    const noise = fc.constantFrom(
      '',
      '{"return": {"status": "wrong", "running": false}, "id": 100000}',
      '{"error": {"class": "GenericError", "desc": "not yours"}, "id": -7}',
      '{"event": "RTC_CHANGE", "data": {"offset": 1}}',
      '{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 2}}',
      `{"event": "${'X'.repeat(90)}"}`,
      '{"event": "STOP", "data": {"deep": ' + '['.repeat(500) + ']'.repeat(500) + '}}',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(noise, { maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        async (lines, order, cut) => {
          const client = await QmpClient.connect({ path });
          let stops = 0;
          client.on('STOP', () => stops++);
          const first = qemu.requests.length;
          qemu.answer = () => undefined;
          const asked = order.map(() => client.execute('query-status', {}, 5000));
          await expect.poll(() => qemu.requests.length, { interval: 1 }).toBe(first + order.length);
          const answers = qemu.requests
            .slice(first)
            .map(({ id }, index) => ({
              text: `{"return": {"status": "s${index}", "running": true}, "id": ${id}}`,
              index,
            }))
            .sort((one, other) => (order[one.index] ?? 0) - (order[other.index] ?? 0));
          // Noise before, between and after the answers.
          const all = answers.flatMap(({ text }, at) => [...lines.slice(at * 3, at * 3 + 3), text]);
          const data = Buffer.from([...all, ...lines, ''].join('\r\n'));
          for (let at = 0; at < data.length; at += cut) qemu.socket?.write(data.subarray(at, at + cut));
          const got = await Promise.all(asked);
          expect(got.map(({ status }) => status)).toEqual(order.map((_, index) => `s${index}`));
          const told = [...all, ...lines].filter((line) => line.includes('"STOP"')).length;
          await expect.poll(() => stops, { interval: 1 }).toBe(told);
          client.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('answers in time during a flood of events, and closes on a line that is too long', async () => {
    const client = await QmpClient.connect({ path });
    let stops = 0;
    client.on('STOP', () => stops++);
    const flood = Buffer.from(
      '{"event": "STOP"}\r\n{"event": "BALLOON_CHANGE", "data": {"actual": 1}}\r\n'.repeat(50_000),
    );
    qemu.answer = ({ id }) =>
      `${flood.toString()}{"return": {"status": "running", "running": true}, "id": ${id}}`;
    expect((await client.execute('query-status', {}, 10_000)).status).toBe('running');
    expect(stops).toBe(50_000);
    const closed = new Promise<string>((resolve) => client.onClose(({ code }) => resolve(code)));
    qemu.socket?.write(Buffer.concat([Buffer.alloc(9 * 1024 * 1024, 0x5b), Buffer.from('\n')]));
    expect(await closed).toBe('ipc.bad-message');
  });
});

describe('parsing', () => {
  it('takes any text without throwing', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseQmpMessage(text)));
  });

  it('cuts lines the same wherever the chunks end', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.nat(7), { minLength: 1 }), (texts, lengths) => {
        const lines = texts.map((text) => text.replace(/[\r\n]/g, ''));
        const clean = lines.filter((line) => Buffer.from(line).toString() === line);
        const data = Buffer.from(clean.map((line) => `${line}\r\n`).join(''));
        const splitter = new LineSplitter(10_000);
        const out: string[] = [];
        for (let at = 0, turn = 0; at < data.length; turn++) {
          const length = (lengths[turn % lengths.length] ?? 0) + 1;
          out.push(...splitter.push(data.subarray(at, at + length)));
          at += length;
        }
        expect(out).toEqual(clean);
      }),
    );
  });
});
