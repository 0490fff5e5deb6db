import { z } from 'zod';
import { type ErrorValue, Failure, toErrorValue, toFailure } from '../errors';
import { phrase } from '../phrases/phrase';
import { message, type Message, type MessageChannelLike } from './messages';

/** One command of a table: what it takes and what it gives. */
export interface CommandShape {
  params: z.ZodType;
  result: z.ZodType;
}
export type CommandTable = Record<string, CommandShape>;
export type EventTable = Record<string, z.ZodType>;

export type Params<T extends CommandTable, N extends keyof T> = z.output<T[N]['params']>;
export type ParamsInput<T extends CommandTable, N extends keyof T> = z.input<T[N]['params']>;
export type Result<T extends CommandTable, N extends keyof T> = z.output<T[N]['result']>;
/** A command that answers nothing may be handled by a function that returns nothing. */
type Answer<R> = R extends undefined ? void : R;
export type Handlers<T extends CommandTable, Context = void> = {
  [N in keyof T]: (
    params: Params<T, N>,
    context: Context,
  ) => Promise<Answer<Result<T, N>>> | Answer<Result<T, N>>;
};

/** The asking side. */
export interface RpcClient<T extends CommandTable, E extends EventTable> {
  /** Rejects with a `Failure`. `timeoutMs`: give up with `timeout` after that long; without it, wait. */
  call<N extends keyof T & string>(
    name: N,
    params: ParamsInput<T, N>,
    options?: { timeoutMs?: number },
  ): Promise<Result<T, N>>;
  /** Returns a function that ends the subscription. */
  on<N extends keyof E & string>(name: N, listener: (value: z.output<E[N]>) => void): () => void;
  onClose(listener: () => void): void;
}

/** The answering side. */
export interface RpcServer<E extends EventTable> {
  emit<N extends keyof E & string>(name: N, value: z.input<E[N]>): void;
}

/** Told of every message that was refused, so that it can be logged. */
export type Refused = (reason: string) => void;

/**
 * Answers calls that arrive on `channel`. A message that does not fit is refused with `ipc.bad-message` where it
 * can be answered, and dropped where not; neither harms anything else.
 */
export function serveRpc<T extends CommandTable, E extends EventTable, Context>(
  channel: MessageChannelLike,
  table: T,
  handlers: Handlers<T, Context>,
  context: Context,
  refused: Refused,
): RpcServer<E> {
  let open = true;
  channel.onClose(() => {
    open = false;
  });
  const post = (answer: Message): void => {
    if (open) channel.post(answer);
  };
  const fail = (id: number, error: ErrorValue): void => post({ kind: 'error', id, error });

  channel.onMessage((raw) => {
    const parsed = message.safeParse(raw);
    if (!parsed.success || parsed.data.kind !== 'call') {
      refused('a message that is not a call');
      return;
    }
    const { id, name, params } = parsed.data;
    const command = Object.hasOwn(table, name) ? table[name] : undefined;
    const handler = command && handlers[name];
    if (!command || !handler) {
      refused(`unknown command ${JSON.stringify(name)}`);
      fail(id, { code: 'ipc.unknown-command', message: `There is no command “${name}”.` });
      return;
    }
    const checked = command.params.safeParse(params);
    if (!checked.success) {
      const problem = z.prettifyError(checked.error);
      refused(`bad parameters of ${name}: ${problem}`);
      fail(id, { code: 'ipc.bad-message', message: `The parameters of “${name}” do not fit: ${problem}` });
      return;
    }
    void Promise.resolve()
      .then(() => handler(checked.data as Params<T, keyof T>, context))
      .then(
        (value) => post({ kind: 'result', id, value }),
        (error: unknown) => fail(id, toErrorValue(error)),
      );
  });

  return {
    emit(name, value) {
      post({ kind: 'event', name, value });
    },
  };
}

/** Asks over `channel`. Every open call fails with `ipc.closed` when the channel closes. */
export function rpcClient<T extends CommandTable, E extends EventTable>(
  channel: MessageChannelLike,
  table: T,
  events: E,
  refused: Refused,
): RpcClient<T, E> {
  let next = 1;
  let open = true;
  const pending = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Failure) => void; name: string }
  >();
  const listeners = new Map<string, Set<(value: never) => void>>();
  const closeListeners: (() => void)[] = [];
  const closedFailure = (): Failure => new Failure('ipc.closed', phrase('desktop.processGone'));

  channel.onClose(() => {
    open = false;
    for (const { reject } of pending.values()) reject(closedFailure());
    pending.clear();
    for (const listener of closeListeners) listener();
  });

  channel.onMessage((raw) => {
    const parsed = message.safeParse(raw);
    if (!parsed.success || parsed.data.kind === 'call') {
      refused('a message that is neither an answer nor an event');
      return;
    }
    const received = parsed.data;
    if (received.kind === 'event') {
      const schema = Object.hasOwn(events, received.name) ? events[received.name] : undefined;
      const value = schema?.safeParse(received.value);
      if (!value?.success) {
        refused(`an event that does not fit: ${received.name}`);
        return;
      }
      for (const listener of listeners.get(received.name) ?? []) listener(value.data as never);
      return;
    }
    const call = pending.get(received.id);
    if (!call) return; // answered after its time-out
    pending.delete(received.id);
    if (received.kind === 'error') {
      call.reject(toFailure(received.error));
      return;
    }
    const result = table[call.name]?.result.safeParse(received.value);
    if (result?.success) call.resolve(result.data);
    else call.reject(new Failure('ipc.bad-message', `The answer to “${call.name}” does not fit.`));
  });

  return {
    call(name, params, options) {
      if (!open) return Promise.reject(closedFailure());
      const id = next++;
      return new Promise((resolve, reject) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const limit = options?.timeoutMs;
        if (limit !== undefined) {
          timer = setTimeout(() => {
            pending.delete(id);
            reject(new Failure('timeout', phrase('desktop.noReply', { name, limit })));
          }, limit);
        }
        pending.set(id, {
          name,
          resolve: (value) => {
            clearTimeout(timer);
            resolve(value as never);
          },
          reject: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        });
        channel.post({ kind: 'call', id, name, params });
      });
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener as (value: never) => void);
      return () => set.delete(listener as (value: never) => void);
    },
    onClose(listener) {
      if (open) closeListeners.push(listener);
      else listener();
    },
  };
}
