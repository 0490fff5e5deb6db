import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ElectronBridge } from './electron-bridge';
import { openStream } from './streams';
import { openMs } from './websocket';

const params = { id: 'm000000000000001', width: 320 };

/** A preload bridge that answers requests for streams as main does. */
function bridge(answer: (requestId: string) => void): ElectronBridge {
  return {
    post: () => undefined,
    onMessage: () => undefined,
    openStream: (requestId) => answer(requestId),
    pathOf: () => '',
  };
}

/** What arrives at the window when the preload script posts a message. */
function arrive(data: unknown, ports: MessagePort[] = [], source: unknown = window): void {
  const event = new MessageEvent('message', { data });
  Object.defineProperties(event, { source: { value: source }, ports: { value: ports } });
  window.dispatchEvent(event);
}

afterEach(() => {
  delete window.vivarium;
});

describe('a stream in Electron', () => {
  it('is the port that comes with its own request, and nobody else’s', async () => {
    const { port1, port2 } = new MessageChannel();
    window.vivarium = bridge((requestId) => {
      arrive({ vivariumStream: 'another' }, []);
      arrive({ vivariumStream: requestId }, [], null);
      arrive({ vivariumStream: requestId }, [port2 as unknown as MessagePort]);
    });
    const stream = await openStream('console.thumbnail', params);
    const received: Uint8Array[] = [];
    stream.onData((data) => void received.push(data));
    port1.postMessage(Uint8Array.of(1, 2, 3));
    await expect.poll(() => received).toEqual([Uint8Array.of(1, 2, 3)]);
    const closed = vi.fn();
    stream.onClose(closed);
    port1.postMessage(null);
    await expect.poll(() => closed).toHaveBeenCalledOnce();
    port1.close();
  });

  it('is refused with main’s own error', async () => {
    const error = { code: 'machine.wrong-state', message: 'It is off.' };
    window.vivarium = bridge((requestId) => arrive({ vivariumStream: requestId, error }));
    await expect(openStream('console.thumbnail', params)).rejects.toMatchObject(error);
  });
});

describe('a stream in a browser', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is given up when nobody answers, so that others can be opened', async () => {
    const asked: Socket[] = [];
    const server = createServer((socket) => asked.push(socket.resume()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    vi.stubGlobal('location', new URL(`http://127.0.0.1:${port}/`));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let settled = false;
    const opened = openStream('console.thumbnail', params).finally(() => (settled = true));
    const refused = expect(opened).rejects.toMatchObject({ code: 'ipc.closed' });
    await vi.waitUntil(() => asked.length > 0);
    vi.advanceTimersByTime(openMs - 1);
    expect(settled).toBe(false);
    vi.advanceTimersByTime(1);
    await refused;
    await new Promise((resolve) => server.close(resolve));
  });
});
