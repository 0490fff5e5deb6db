import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ExecResult } from '@shared/machine/exec';
import { LineSplitter } from '../../../../platform/qmp/line-splitter';
import { connectOnce } from '../../../../platform/qmp/qmp-client';

/**
 * QEMU's guest agent (QEMU's `docs/interop/qemu-ga-ref`): a program inside the guest that answers over a virtio
 * channel. All that it says comes from the guest and is not believed further than its schema.
 */

/** Begins a message: whatever came before is thrown away by both sides. No JSON contains it. */
const delimiter = 0xff;
/** How the delimiter looks in a line of text. */
const decodedDelimiter = '\ufffd';
/** The longest answer that is taken, and the most that may wait to be looked at, in bytes. */
const longestAnswer = 3 * 1024 * 1024;
const firstAnswerMs = 3000;
const answerMs = 10_000;
/** So long without a word means that the guest does what it was asked to. */
const silenceMs = 1000;

const addresses = z
  .array(
    z.looseObject({
      name: z.string().max(64),
      'ip-addresses': z
        .array(
          z.looseObject({ 'ip-address': z.string().max(64), 'ip-address-type': z.enum(['ipv4', 'ipv6']) }),
        )
        .max(64)
        .optional(),
    }),
  )
  .max(64);

/** Output of a program comes in base64. */
const bytes = z.base64().max(longestAnswer).default('');
const begun = z.looseObject({ pid: z.number().int() });
const execStatus = z.looseObject({
  exited: z.boolean(),
  exitcode: z.number().int().optional(),
  signal: z.number().int().optional(),
  'out-data': bytes,
  'err-data': bytes,
  'out-truncated': z.boolean().default(false),
  'err-truncated': z.boolean().default(false),
});

/** The guest's end says no. */
const refusal = z.looseObject({ error: z.looseObject({ desc: z.string().max(1000) }) });
const answer = z.looseObject({ return: z.unknown() });
/** Of file systems. */
const count = z.number().int().min(0);

export class GuestAgent {
  readonly #splitter = new LineSplitter(longestAnswer);
  /** What has come and was not looked at yet. */
  readonly #lines: string[] = [];
  #waitingLength = 0;
  #line: (() => void) | undefined;
  #closed: ((error: Failure) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data) => this.#data(data));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed?.(gone()));
  }

  /**
   * Runs `task` with the agent of a guest. One caller at a time: the channel has one line.
   * @param path of QEMU's end of the channel
   * @throws Failure `timeout` when nothing in the guest answers
   */
  static async with<T>(path: string, task: (agent: GuestAgent) => Promise<T>): Promise<T> {
    const agent = new GuestAgent(await connectOnce({ path }));
    try {
      await agent.#synchronise();
      return await task(agent);
    } finally {
      agent.socket.destroy();
    }
  }

  async ping(): Promise<void> {
    await this.#execute('guest-ping');
  }

  /** Asks the guest to power itself off. It answers only when it refuses. */
  async powerDown(): Promise<void> {
    await this.#execute('guest-shutdown', { mode: 'powerdown' }, silenceMs).catch((error: unknown) => {
      if (!(error instanceof Failure) || !['timeout', 'ipc.closed'].includes(error.code)) throw error;
    });
  }

  /** Flushes the guest's file systems and stops writes to them; resolves to their number. */
  async freeze(): Promise<number> {
    return this.#ask('guest-fsfreeze-freeze', count);
  }

  async thaw(): Promise<number> {
    return this.#ask('guest-fsfreeze-thaw', count);
  }

  /** Sets the guest's clock, and with it its hardware clock. @param milliseconds since 1970, UTC */
  async setTime(milliseconds: number): Promise<void> {
    // Nanoseconds do not fit a number exactly; what is lost is less than a microsecond.
    await this.#execute('guest-set-time', { time: milliseconds * 1_000_000 });
  }

  /** Addresses of the guest's network cards, those that only the guest itself can use left out. */
  async addresses(): Promise<string[]> {
    const cards = await this.#ask('guest-network-get-interfaces', addresses);
    return cards
      .flatMap((card) => card['ip-addresses'] ?? [])
      .map((entry) => entry['ip-address'])
      .filter((address) => /^[0-9a-fA-F.:]+$/.test(address) && !/^(127\.|::1$|fe80:)/i.test(address));
  }

  /**
   * Starts a program in the guest, with what the agent may do there: usually everything. No shell comes between.
   *
   * @param command the program, and its arguments
   * @param input what the program reads, in base64
   * @returns its number, for `execStatus`
   */
  async exec([path = '', ...args]: readonly string[], input: string | undefined): Promise<number> {
    const asked = { path, arg: args, 'capture-output': true, ...(input && { 'input-data': input }) };
    return (await this.#ask('guest-exec', begun, asked)).pid;
  }

  /** How a program is that was started: undefined while it runs. Its output is given once. */
  async execStatus(pid: number): Promise<ExecResult | undefined> {
    const said = await this.#ask('guest-exec-status', execStatus, { pid });
    if (!said.exited) return undefined;
    return {
      status: said.exitcode ?? null,
      signal: said.signal ?? null,
      output: said['out-data'],
      errorOutput: said['err-data'],
      truncated: said['out-truncated'] || said['err-truncated'],
    };
  }

  /** An older client may have left half a question, and its answer may still be under way. */
  async #synchronise(): Promise<void> {
    const id = randomInt(1, 2 ** 31);
    this.socket.write(Buffer.from([delimiter]));
    this.#send({ execute: 'guest-sync-delimited', arguments: { id } });
    const end = performance.now() + firstAnswerMs;
    for (;;) {
      const line = await this.#nextLine(end - performance.now());
      const begin = line.lastIndexOf(decodedDelimiter);
      const said = begin < 0 ? undefined : answer.safeParse(readJson(line.slice(begin + 1)));
      if (said?.success && said.data.return === id) return;
    }
  }

  /** @throws Failure `engine.failed` when the guest refuses, or its answer makes no sense; `timeout`, `ipc.closed` */
  async #ask<T>(command: string, schema: z.ZodType<T>, args?: object): Promise<T> {
    const parsed = schema.safeParse(await this.#execute(command, args));
    if (!parsed.success) throw garbled(command);
    return parsed.data;
  }

  async #execute(command: string, args?: object, limitMs = answerMs): Promise<unknown> {
    this.#send({ execute: command, arguments: args });
    const value = readJson(await this.#nextLine(limitMs));
    const refused = refusal.safeParse(value);
    if (refused.success) {
      throw new Failure(
        'engine.failed',
        phrase('qemuTalk.agentRefuses', { command, reason: refused.data.error.desc }),
      );
    }
    const answered = answer.safeParse(value);
    if (!answered.success) throw garbled(command);
    return answered.data.return;
  }

  #send(message: object): void {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  #nextLine(limitMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      let finished = false;
      const finish = (): void => {
        finished = true;
        clearTimeout(timer);
        this.#line = this.#closed = undefined;
      };
      const fail = (error: Failure): void => {
        finish();
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new Failure('timeout', phrase('agent.none'))),
        Math.max(0, limitMs),
      );
      this.#line = () => {
        const line = this.#lines.shift();
        if (line === undefined) return;
        this.#waitingLength -= line.length + 1;
        finish();
        resolve(line);
      };
      this.#closed = fail;
      this.#line();
      if (!finished && this.socket.destroyed) fail(gone());
    });
  }

  #data(data: Buffer): void {
    try {
      for (const line of this.#splitter.push(data)) {
        this.#lines.push(line);
        this.#waitingLength += line.length + 1;
      }
    } catch {
      this.socket.destroy(); // a line that never ends
      return;
    }
    this.#line?.();
    if (this.#waitingLength > longestAnswer) this.socket.destroy();
  }
}

function gone(): Failure {
  return new Failure('ipc.closed', phrase('qemuTalk.agentClosed'));
}

function garbled(command: string): Failure {
  return new Failure('engine.failed', phrase('qemuTalk.agentGarbled', { command }));
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // told by what is made of it
  }
}
