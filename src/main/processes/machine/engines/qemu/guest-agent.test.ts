import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toErrorValue } from '@shared/errors';
import { GuestAgent } from './guest-agent';

/** An agent at a real socket that does what its script says. */

interface Question {
  execute: string;
  arguments?: { id?: number; mode?: string; time?: number };
}

let folder: string;
let path: string;
let server: Server | undefined;
const asked: Question[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-agent-'));
  path = join(folder, 'a');
  asked.length = 0;
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  await rm(folder, { recursive: true, force: true });
});

const sync = ({ arguments: args }: Question): string => `{"return": ${args?.id ?? 0}}\n`;

async function agent(answer: (question: Question, socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const question = JSON.parse(line.slice(line.lastIndexOf('\xff') + 1)) as Question;
        asked.push(question);
        answer(question, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}

/** Answers in small pieces, as a serial line brings them. */
function pieces(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const next = (): void => {
    if (at >= bytes.length) return;
    socket.write(bytes.subarray(at, at + 7));
    at += 7;
    setTimeout(next, 1);
  };
  next();
}

describe.skipIf(process.platform === 'win32')('the guest agent', () => {
  it('runs programs, and tells how they ended and what they printed', async () => {
    const answers = [
      '{"return": {"pid": 42}}',
      '{"return": {"exited": false}}',
      '{"return": {"exited": true, "exitcode": 7, "out-data": "b3V0Cg==", "out-truncated": true}}',
      '{"return": {"exited": true, "signal": 9}}',
      '{"return": {"exited": true, "exitcode": "none"}}',
      '{"return": {"exited": true, "out-data": "not base64!"}}',
      '{"error": {"class": "GenericError", "desc": "Failed to execute child process"}}',
    ];
    await agent((question, socket) => {
      const isSync = question.execute === 'guest-sync-delimited';
      if (isSync) socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
      else socket.write(`${answers.shift() ?? ''}\n`);
    });
    await GuestAgent.with(path, async (guest) => {
      expect(await guest.exec(['/bin/sh', '-c', 'x y'], 'aW4=')).toBe(42);
      expect(await guest.execStatus(42)).toBeUndefined();
      expect(await guest.execStatus(42)).toEqual({
        status: 7,
        signal: null,
        output: 'b3V0Cg==',
        errorOutput: '',
        truncated: true,
      });
      expect(await guest.execStatus(42)).toMatchObject({ status: null, signal: 9, truncated: false });
      await expect(guest.execStatus(42)).rejects.toMatchObject({ code: 'engine.failed' });
      await expect(guest.execStatus(42)).rejects.toMatchObject({ code: 'engine.failed' });
      await expect(guest.exec(['/none'], undefined)).rejects.toThrow('Failed to execute child process');
    });
    expect(asked[1]).toEqual({
      execute: 'guest-exec',
      arguments: {
        path: '/bin/sh',
        arg: ['-c', 'x y'],
        'capture-output': true,
        'input-data': 'aW4=',
      },
    });
  });

  it('is found again behind what an older conversation left, and answers in pieces', async () => {
    await agent((question, socket) => {
      if (question.execute === 'guest-sync-delimited') {
        const rest = Buffer.from('{"return": 12}\ngarbage{"return"');
        pieces(socket, Buffer.concat([rest, Buffer.from([0xff]), Buffer.from(sync(question))]));
      } else
        pieces(
          socket,
          Buffer.from(question.execute === 'guest-ping' ? '{"return": {}}\n' : '{"return": 3}\n'),
        );
    });
    const frozen = await GuestAgent.with(path, async (guest) => {
      await guest.ping();
      const count = await guest.freeze();
      await guest.thaw();
      return count;
    });
    expect(frozen).toBe(3);
    expect(asked.map(({ execute }) => execute)).toEqual([
      'guest-sync-delimited',
      'guest-ping',
      'guest-fsfreeze-freeze',
      'guest-fsfreeze-thaw',
    ]);
  });

  it('tells addresses, and believes nothing that is none', async () => {
    const card = (name: string, ...list: [string, string][]): object => ({
      name,
      'ip-addresses': list.map(([kind, address]) => ({
        'ip-address-type': kind,
        'ip-address': address,
        prefix: 24,
      })),
    });
    await agent((question, socket) => {
      if (question.execute === 'guest-sync-delimited') {
        socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
        return;
      }
      const cards = [
        card('lo', ['ipv4', '127.0.0.1'], ['ipv6', '::1']),
        card('eth0', ['ipv4', '10.0.2.15'], ['ipv6', 'fe80::1'], ['ipv6', 'fd00::7'], ['ipv4', '<b>']),
        { name: 'down0' },
      ];
      socket.write(`${JSON.stringify({ return: cards })}\n`);
    });
    expect(await GuestAgent.with(path, (guest) => guest.addresses())).toEqual(['10.0.2.15', 'fd00::7']);
  });

  it('sets the clock, in nanoseconds, to better than a microsecond', async () => {
    const now = 1_900_000_000_123;
    await agent((question, socket) => {
      if (question.execute === 'guest-sync-delimited') {
        socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
      } else socket.write('{"return": {}}\n');
    });
    await GuestAgent.with(path, (guest) => guest.setTime(now));
    const { execute, arguments: args } = asked.at(-1) ?? {};
    expect(execute).toBe('guest-set-time');
    expect(Math.abs((args?.time ?? 0) / 1_000_000 - now)).toBeLessThan(0.001);
  });

  it('says what the guest refuses', async () => {
    await agent((question, socket) => {
      if (question.execute === 'guest-sync-delimited') {
        socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
      } else socket.write('{"error": {"class": "GenericError", "desc": "no such file system"}}\n');
    });
    await expect(GuestAgent.with(path, (guest) => guest.freeze())).rejects.toMatchObject({
      code: 'engine.failed',
      message: expect.stringContaining('no such file system'),
    });
  });

  it('is given up when it says nothing, hangs up, or never ends', async () => {
    await agent((_, socket) => void socket.destroy());
    await expect(GuestAgent.with(path, (guest) => guest.ping())).rejects.toMatchObject({
      code: 'ipc.closed',
    });
    server?.removeAllListeners('connection');
    server?.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.write(Buffer.alloc(4 * 1024 * 1024, 0x20));
    });
    await expect(GuestAgent.with(path, (guest) => guest.ping())).rejects.toMatchObject({
      code: 'ipc.closed',
    });
    server?.removeAllListeners('connection');
    server?.on('connection', (socket) => void socket.on('error', () => undefined).resume());
    await expect(GuestAgent.with(path, (guest) => guest.ping())).rejects.toMatchObject({ code: 'timeout' });
  });

  it('may answer anything: it is understood, or refused in words, and nothing breaks', async () => {
    const wrong = fc.constantFrom(
      '{"return": -1}',
      '{"return": "many"}',
      '{"return": [{"name": 5}]}',
      '{"return": null}',
      '{"error": {"desc": 5}}',
      '[[[[[[[[',
      '{}',
      '\xff\xff{"return": 1}',
      '[]',
    );
    const line = fc.oneof(wrong, fc.json(), fc.string({ unit: 'binary', maxLength: 40 }));
    const tasks = fc.constantFrom<(guest: GuestAgent) => Promise<unknown>>(
      (guest) => guest.freeze(),
      (guest) => guest.addresses(),
      (guest) => guest.ping(),
      (guest) => guest.powerDown(),
    );
    let before = '';
    let after = '';
    let cut = 1;
    await agent((question, socket) => {
      const isSync = question.execute === 'guest-sync-delimited';
      const text = isSync
        ? Buffer.concat([Buffer.from(`${before}\xff`, 'latin1'), Buffer.from(sync(question))])
        : Buffer.from(`${after}\n`);
      for (let at = 0; at < text.length; at += cut) socket.write(text.subarray(at, at + cut));
      if (!isSync) socket.end();
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 3 }),
        fc.array(line, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 30 }),
        tasks,
        async (earlier, answers, length, task) => {
          [before, after, cut] = [earlier.join('\n'), answers.join('\n'), length];
          const outcome = await GuestAgent.with(path, task).then(
            () => 'understood',
            (error: unknown) => toErrorValue(error).code,
          );
          expect(['understood', 'engine.failed', 'ipc.closed']).toContain(outcome);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ['empty lines', Buffer.alloc(64 * 1024, 0x0a)],
    ['a line without end', Buffer.alloc(64 * 1024, 0x20)],
  ])('that floods the channel with %s is given up, soon and without filling memory', async (_, flood) => {
    await agent((question, socket) => {
      if (question.execute !== 'guest-sync-delimited') return;
      socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
      const pour = (): void => {
        while (!socket.destroyed && socket.write(flood));
        if (!socket.destroyed) socket.once('drain', pour);
      };
      pour();
    });
    const started = performance.now();
    const outcome = GuestAgent.with(path, async (guest) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return guest.freeze();
    });
    await expect(outcome).rejects.toMatchObject({
      code: expect.stringMatching(/ipc\.closed|engine\.failed/),
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is asked to power off, to which it need not answer', async () => {
    await agent((question, socket) => {
      if (question.execute === 'guest-sync-delimited') {
        socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(sync(question))]));
      } else socket.destroy();
    });
    await GuestAgent.with(path, (guest) => guest.powerDown());
    await expect
      .poll(() => asked.at(-1))
      .toEqual({
        execute: 'guest-shutdown',
        arguments: { mode: 'powerdown' },
      });
  });
});
