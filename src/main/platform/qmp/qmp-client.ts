import { createConnection, type NetConnectOpts, type Socket } from 'node:net';
import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import {
  isQmpEventName,
  type QmpCommandName,
  qmpCommands,
  type QmpEvent,
  type QmpEventName,
  qmpEvents,
  type QmpParams,
  type QmpResult,
} from './commands';
import { LineSplitter } from './line-splitter';
import { type Greeting, parseQmpMessage, type QmpMessage } from './messages';

/** Longest line that is believed, in bytes: the list of all device types has about 100 KiB. */
const maxLine = 8 * 1024 * 1024;
const usualTimeoutMs = 30_000;
/** Between two attempts to reach a QEMU that is just starting, in milliseconds. */
const retryMs = 5;

export interface QmpClientOptions {
  /** For the connection and the greeting, in milliseconds. */
  timeoutMs?: number;
  /** Ends the waiting for a QEMU that will never answer, because it is gone. */
  signal?: AbortSignal;
}

interface Waiting {
  name: string;
  resolve(value: unknown): void;
  reject(failure: Failure): void;
  timer: NodeJS.Timeout;
}

/** A conversation with one QEMU over its QMP socket: a unix socket, a named pipe or a loopback port. */
export class QmpClient {
  readonly #lines = new LineSplitter(maxLine);
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<QmpEventName, ((data: never, at: number | undefined) => void)[]>();
  readonly #closeListeners: ((failure: Failure) => void)[] = [];
  #lastId = 0;
  #closed: Failure | undefined;
  #greeting: Greeting | undefined;
  #greeted: (() => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', (error) =>
      this.#end(new Failure('ipc.closed', phrase('qemuTalk.broke'), { cause: error })),
    );
    socket.on('close', () => this.#end(new Failure('ipc.closed', phrase('qemuTalk.qemuClosed'))));
  }

  /**
   * Connects, waits for the greeting and negotiates (without out-of-band commands). The socket may not exist yet:
   * it is tried until the time is over.
   *
   * @throws Failure `timeout`, `ipc.closed`, `ipc.bad-message`, `cancelled`
   */
  static async connect(address: NetConnectOpts, options: QmpClientOptions = {}): Promise<QmpClient> {
    const { timeoutMs = usualTimeoutMs, signal } = options;
    const end = performance.now() + timeoutMs;
    const client = new QmpClient(await reach(address, end, signal));
    try {
      await client.#greetingWithin(end - performance.now());
      await client.execute('qmp_capabilities', {}, Math.max(1, end - performance.now()));
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** QEMU's version, e.g. `7.2.22`. */
  get version(): string {
    const { major, minor, micro } = this.#greeting?.version.qemu ?? { major: 0, minor: 0, micro: 0 };
    return `${major}.${minor}.${micro}`;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * @throws Failure `engine.failed` (QEMU refuses, in its own words), `timeout`, `ipc.closed` (QEMU is gone),
   * `ipc.bad-message`
   */
  async execute<N extends QmpCommandName>(
    name: N,
    params: QmpParams<N>,
    timeoutMs = usualTimeoutMs,
  ): Promise<QmpResult<N>> {
    const value = await this.#ask(name, params, timeoutMs);
    const parsed = qmpCommands[name].result.safeParse(value);
    if (parsed.success) return parsed.data as QmpResult<N>;
    throw new Failure('ipc.bad-message', `QEMU’s answer to “${name}” makes no sense.`, {
      cause: parsed.error,
    });
  }

  /** @param listener also told when QEMU says that it happened, in milliseconds since 1970 */
  on<N extends QmpEventName>(name: N, listener: (data: QmpEvent<N>, at: number | undefined) => void): void {
    const list = this.#listeners.get(name) ?? [];
    list.push(listener);
    this.#listeners.set(name, list);
  }

  /** Told once, also when this side closes. */
  onClose(listener: (failure: Failure) => void): void {
    if (this.#closed) listener(this.#closed);
    else this.#closeListeners.push(listener);
  }

  close(): void {
    this.#end(new Failure('ipc.closed', phrase('qemuTalk.closed')));
  }

  #greetingWithin(timeoutMs: number): Promise<void> {
    if (this.#greeting) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Failure('timeout', phrase('qemuTalk.greeting'))),
        Math.max(1, timeoutMs),
      );
      this.#greeted = () => {
        clearTimeout(timer);
        resolve();
      };
      this.onClose((failure) => {
        clearTimeout(timer);
        reject(failure);
      });
    });
  }

  #ask(name: string, params: object, timeoutMs: number): Promise<unknown> {
    if (this.#closed) return Promise.reject(toFailure(this.#closed));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new Failure(
            'timeout',
            phrase('qemuTalk.noAnswer', { command: name, limit: Math.round(timeoutMs) }),
          ),
        );
      }, timeoutMs);
      this.#waiting.set(id, { name, resolve, reject, timer });
      this.socket.write(`${JSON.stringify({ execute: name, arguments: params, id })}\n`);
    });
  }

  #receive(data: Uint8Array): void {
    if (this.#closed) return;
    let lines: string[];
    try {
      lines = this.#lines.push(data);
    } catch (error) {
      this.#end(new Failure('ipc.bad-message', 'QEMU sent a line without an end.', { cause: error }));
      return;
    }
    for (const line of lines) {
      if (line === '') continue;
      const message = parseQmpMessage(line);
      if (message) this.#handle(message);
      else this.#end(new Failure('ipc.bad-message', `QEMU sent what is no message: ${line.slice(0, 200)}`));
      if (this.#closed) return;
    }
  }

  #handle(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeting ??= message.greeting;
        this.#greeted?.();
        break;
      case 'answer':
        this.#settle(message.id)?.resolve(message.value);
        break;
      case 'refusal':
        this.#refused(message);
        break;
      case 'event':
        this.#tell(message);
        break;
    }
  }

  #refused({ id, class: kind, text }: Extract<QmpMessage, { kind: 'refusal' }>): void {
    if (id === undefined) {
      // Only what QEMU could not even parse is refused without an id; which request that was, nobody knows.
      this.#end(new Failure('ipc.bad-message', `QEMU did not understand a request: ${text}`));
      return;
    }
    const waiting = this.#settle(id);
    waiting?.reject(
      new Failure('engine.failed', phrase('qemuTalk.refuses', { command: waiting.name, reason: text }), {
        cause: kind === 'GenericError' ? undefined : kind,
      }),
    );
  }

  /** An answer that nobody waits for any more comes after its time-out, and is dropped. */
  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }

  #tell({ name, data, at }: Extract<QmpMessage, { kind: 'event' }>): void {
    if (!isQmpEventName(name)) return;
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    const parsed = qmpEvents[name].safeParse(data);
    if (!parsed.success) {
      this.#end(
        new Failure('ipc.bad-message', `QEMU’s event ${name} makes no sense.`, { cause: parsed.error }),
      );
      return;
    }
    for (const listener of listeners) listener(parsed.data as never, at);
  }

  #end(failure: Failure): void {
    if (this.#closed) return;
    this.#closed = failure;
    this.socket.destroy();
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(failure);
    }
    this.#waiting.clear();
    for (const listener of this.#closeListeners) listener(failure);
  }
}

/** Errors of a socket that may be there a moment later. */
const notYet = new Set(['ENOENT', 'ECONNREFUSED', 'EAGAIN']);

async function reach(address: NetConnectOpts, end: number, signal: AbortSignal | undefined): Promise<Socket> {
  for (;;) {
    if (signal?.aborted) throw new Failure('cancelled', phrase('qemuTalk.endedEarly'));
    try {
      return await connectOnce(address);
    } catch (error) {
      if (!notYet.has((error as { code?: string }).code ?? '')) {
        throw new Failure('ipc.closed', phrase('qemuTalk.cannotOpen'), { cause: error });
      }
      if (performance.now() >= end) {
        throw new Failure('timeout', phrase('qemuTalk.notOpened'), { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/**
 * Resolves to a connected socket; one that does not exist yet is tried until the time is over.
 * @throws Failure `timeout`, `ipc.closed`, `cancelled`
 */
export function connectSoon(address: NetConnectOpts, options: QmpClientOptions = {}): Promise<Socket> {
  const { timeoutMs = usualTimeoutMs, signal } = options;
  return reach(address, performance.now() + timeoutMs, signal);
}

/** Resolves to a connected socket. @throws the error of `node:net` */
export function connectOnce(address: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
