import { describe, expect, it } from 'vitest';
import type { Message, MessageChannelLike } from '@shared/ipc/messages';
import { serveRpc } from '@shared/ipc/rpc';
import { switchProcessCommands } from '@shared/ipc/switch-process';
import { captureRequest } from '@shared/network/capture';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import type { UplinkPlan } from '@shared/network/uplink';
import type { Log } from '../platform/log';
import type { HostedProcess, ProcessExit, ProcessHost } from '../platform/process-host';
import { NetworkProcess } from './network-process';

const quiet: Log = { info: () => {}, warn: () => {}, once: () => {}, flush: () => Promise.resolve() };

/** Both ends of a channel in this process. */
function channel(): [here: MessageChannelLike, there: MessageChannelLike, close: () => void] {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const closers: (() => void)[] = [];
  const end = (own: 0 | 1): MessageChannelLike => ({
    post: (message: Message) =>
      queueMicrotask(() => listeners[1 - own]?.forEach((listen) => listen(message))),
    onMessage: (listener) => void listeners[own]?.push(listener),
    onClose: (listener) => void closers.push(listener),
  });
  return [end(0), end(1), () => closers.forEach((close) => close())];
}

/** Processes that note which configurations they were told; each ends when a test says so. */
class NotingHost implements ProcessHost {
  readonly told: string[] = [];
  readonly ends: (() => void)[] = [];

  start(): HostedProcess {
    const [here, there, close] = channel();
    const number = this.ends.length;
    const refuse = (): never => {
      throw new Error('nobody asks for that here');
    };
    serveRpc(
      there,
      {
        configure: switchProcessCommands.configure,
        startCapture: switchProcessCommands.startCapture,
        stopCapture: switchProcessCommands.stopCapture,
      },
      {
        configure: ({ network }) => {
          this.told.push(`${number} ${network.name}`);
          return { forwards: {}, proxy: null };
        },
        startCapture: ({ port, maxBytes }) => {
          this.told.push(`${number} captures ${maxBytes} of ${port}`);
          return {
            ...{ running: true, port, started: new Date(0).toISOString() },
            ...{ first: 0, last: 0, bytes: 0, givenUp: 0 },
          };
        },
        stopCapture: () => null,
      },
      undefined,
      () => {},
    );
    let exit: (how: ProcessExit) => void = () => {};
    const exited = new Promise<ProcessExit>((resolve) => (exit = resolve));
    this.ends.push(() => {
      close();
      exit({ code: null, signal: 'SIGKILL' });
    });
    return {
      ...here,
      ...{ pid: 1, tail: [], exited, kill: () => this.ends[number]?.() },
      giveStream: refuse,
      openStream: refuse,
    };
  }
}

const named = (name: string): NetworkConfig => ({ ...defaultNetwork(), name, kind: 'host-only' });
const listener = { leases: () => {}, statistics: () => {}, changed: () => {} };

describe('the process of a network', () => {
  it('is told configurations in the order in which they were made, however long each takes to prepare', async () => {
    const host = new NotingHost();
    const ways: (() => void)[] = [];
    const plan = (): Promise<UplinkPlan | null> => new Promise((resolve) => ways.push(() => resolve(null)));
    const device = { uplink: { device: 'vm0' } };
    const network = new NetworkProcess(host, { ...named('first'), ...device }, '', listener, plan, quiet);
    const second = network.configure({ ...named('second'), ...device });
    // The way for the second would be known before that for the first.
    await expect.poll(() => ways.length).toBe(1);
    ways[0]?.();
    await expect.poll(() => ways.length).toBe(2);
    ways[1]?.();
    await second;
    expect(host.told).toEqual(['0 first', '0 second']);
  });

  it('takes over a change that is made while it is being started again, and says that its links are gone', async () => {
    const host = new NotingHost();
    let changes = 0;
    const network = new NetworkProcess(
      host,
      named('first'),
      '',
      { ...listener, changed: () => changes++ },
      () => Promise.resolve(null),
      quiet,
    );
    await expect.poll(() => host.told).toEqual(['0 first']);
    const before = changes;
    host.ends[0]?.();
    await expect.poll(() => network.pid).toBeUndefined();
    expect(changes).toBeGreaterThan(before);
    expect(await network.configure(named('second'))).toEqual({});
    await expect.poll(() => host.told).toEqual(['0 first', '1 second']);
  });

  it('goes on with a capture when it is started again, until that is stopped', async () => {
    const host = new NotingHost();
    const none = (): Promise<null> => Promise.resolve(null);
    const network = new NetworkProcess(host, named('lab'), '', listener, none, quiet);
    const again = async (): Promise<void> => {
      const before = host.ends.length;
      host.ends[before - 1]?.();
      await expect.poll(() => host.ends.length, { timeout: 10_000 }).toBe(before + 1);
      await expect.poll(() => host.told).toContain(`${before} lab`);
    };
    await network.startCapture(captureRequest.parse({ port: 'gateway', maxBytes: 1_048_576 }));
    await again();
    await expect.poll(() => host.told).toContain('1 captures 1048576 of gateway');
    await network.stopCapture();
    await again();
    expect(host.told.filter((line) => line.startsWith('2'))).toEqual(['2 lab']);
  });
});
