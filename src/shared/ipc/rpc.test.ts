import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Failure } from '../errors';
import type { Message, MessageChannelLike } from './messages';
import { rpcClient, serveRpc } from './rpc';

const table = {
  add: { params: z.strictObject({ a: z.number(), b: z.number() }), result: z.number() },
  refuse: { params: z.strictObject({}), result: z.number() },
  never: { params: z.strictObject({}), result: z.number() },
};
const events = { tick: z.number() };

function pair() {
  const listeners = { client: (_: unknown) => {}, server: (_: unknown) => {} };
  const closings: (() => void)[] = [];
  const answers: Message[] = [];
  // Through JSON, as over a WebSocket.
  const carry = (message: Message): unknown => JSON.parse(JSON.stringify(message));
  const client: MessageChannelLike = {
    post: (message) => listeners.server(carry(message)),
    onMessage: (listener) => (listeners.client = listener),
    onClose: (listener) => void closings.push(listener),
  };
  const server: MessageChannelLike = {
    post: (message) => {
      answers.push(message);
      listeners.client(carry(message));
    },
    onMessage: (listener) => (listeners.server = listener),
    onClose: (listener) => void closings.push(listener),
  };
  return { client, server, answers, listeners, close: () => closings.forEach((listener) => listener()) };
}

function connected() {
  const refusals: string[] = [];
  const ends = pair();
  const server = serveRpc<typeof table, typeof events, void>(
    ends.server,
    table,
    {
      add: ({ a, b }) => a + b,
      refuse: () => {
        throw new Failure('machine.not-found', 'No such machine.', { hint: 'Look again.' });
      },
      never: () => new Promise<number>(() => {}),
    },
    undefined,
    (reason) => refusals.push(reason),
  );
  const client = rpcClient(ends.client, table, events, (reason) => refusals.push(reason));
  return { ...ends, server, client, refusals };
}

describe('remote calls', () => {
  it('answers', async () => {
    const { client } = connected();
    expect(await client.call('add', { a: 2, b: 3 })).toBe(5);
  });

  it('gives an error back in its one shape', async () => {
    const { client } = connected();
    await expect(client.call('refuse', {})).rejects.toMatchObject({
      code: 'machine.not-found',
      message: 'No such machine.',
      hint: 'Look again.',
    });
  });

  it('refuses parameters that do not fit, and unknown commands, by name', async () => {
    const { client, refusals, server: _server, listeners, answers } = connected();
    await expect(client.call('add', { a: 'x', b: 3 } as never)).rejects.toMatchObject({
      code: 'ipc.bad-message',
    });
    listeners.server({ kind: 'call', id: 9, name: 'toString', params: {} });
    expect(answers.at(-1)).toMatchObject({ kind: 'error', id: 9, error: { code: 'ipc.unknown-command' } });
    expect(refusals).toHaveLength(2);
  });

  it('gives up after the time asked for', async () => {
    const { client } = connected();
    await expect(client.call('never', {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('fails what is open when the other side goes away, and all that follows', async () => {
    const { client, close } = connected();
    const open = client.call('never', {});
    close();
    await expect(open).rejects.toMatchObject({ code: 'ipc.closed' });
    await expect(client.call('add', { a: 1, b: 1 })).rejects.toMatchObject({ code: 'ipc.closed' });
  });

  it('carries events to whoever listens, until they stop', () => {
    const { client, server } = connected();
    const seen: number[] = [];
    const stop = client.on('tick', (value) => seen.push(value));
    server.emit('tick', 1);
    stop();
    server.emit('tick', 2);
    expect(seen).toEqual([1]);
  });

  it('is harmed by no message whatever', async () => {
    const calls = fc.record({
      kind: fc.constantFrom('call', 'result', 'error', 'event', 'nonsense'),
      id: fc.oneof(fc.integer(), fc.double(), fc.string()),
      name: fc.oneof(fc.constantFrom('add', 'never', '__proto__', 'constructor', 'tick'), fc.string()),
      params: fc.anything(),
      value: fc.anything(),
      error: fc.anything(),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), calls), async (garbage) => {
        const { client, listeners } = connected();
        listeners.server(garbage);
        listeners.client(garbage);
        expect(await client.call('add', { a: 1, b: 2 })).toBe(3);
      }),
      { numRuns: 500 },
    );
  });
});
