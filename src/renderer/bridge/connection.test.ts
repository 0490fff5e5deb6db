import { Failure } from '@shared/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type AppClient } from './connection';

/** A client that can be closed, and that tells events. */
function fakeClient(answer: unknown) {
  const closeListeners: (() => void)[] = [];
  const listeners = new Map<string, (value: unknown) => void>();
  const client = {
    call: () => Promise.resolve(answer),
    on: (name: string, listener: (value: unknown) => void) => {
      listeners.set(name, listener);
      return () => listeners.delete(name);
    },
    onClose: (listener: () => void) => closeListeners.push(listener),
  } as unknown as AppClient;
  return {
    client,
    close: () => closeListeners.forEach((listener) => listener()),
    emit: (name: string, value: unknown) => listeners.get(name)?.(value),
    listeners,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a connection', () => {
  it('lets the first calls wait until it is open', async () => {
    const { client } = fakeClient([]);
    let open: (client: AppClient) => void = () => undefined;
    const connection = connect(() => new Promise((resolve) => (open = resolve)));
    const answer = connection.call('machine.list', {});
    expect(connection.status.value).toBe('connecting');
    open(client);
    expect(await answer).toEqual([]);
    expect(connection.status.value).toBe('connected');
  });

  it('comes back after it was lost, with its subscriptions, and says so', async () => {
    const first = fakeClient([]);
    const second = fakeClient(['back']);
    const clients = [
      () => Promise.resolve(first.client),
      () => Promise.reject(new Error('still down')),
      () => Promise.resolve(second.client),
    ];
    const connection = connect(() => (clients.shift() ?? clients[0]!)());
    const connected = vi.fn();
    const removed = vi.fn();
    connection.onConnected(connected);
    const end = connection.on('machine.removed', removed);
    await vi.advanceTimersByTimeAsync(0);
    expect(connected).toHaveBeenCalledTimes(1);

    first.close();
    expect(connection.status.value).toBe('lost');
    await expect(connection.call('machine.list', {})).rejects.toMatchObject({ code: 'ipc.closed' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection.status.value).toBe('connected');
    expect(connected).toHaveBeenCalledTimes(2);

    second.emit('machine.removed', { id: 'x' });
    expect(removed).toHaveBeenCalledWith({ id: 'x' });
    end();
    expect(second.listeners.size).toBe(0);
    expect(await connection.call('machine.list', {})).toEqual(['back']);
  });

  it('never stops trying', async () => {
    const open = vi.fn(() => Promise.reject(new Failure('ipc.closed', 'down')));
    connect(open);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(open.mock.calls.length).toBeGreaterThan(10);
  });
});
