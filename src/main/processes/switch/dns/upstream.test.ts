import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dnsQuestion } from '../testing/guest';
import { VirtualClock } from '../testing/virtual-clock';
import { tcpMs, Upstream } from './upstream';

describe('a question to the host’s resolver over TCP', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given up in time, also where the answer comes a byte now and then', async () => {
    const asked: Socket[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => asked.push(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const clock = new VirtualClock();
    const upstream = new Upstream(clock, () => [{ address: '127.0.0.1', port }]);
    let answer: unknown = 'none yet';
    const told = upstream.ask(dnsQuestion('www.example.org', 1), true).then((said) => (answer = said));
    // It asks the only server once more.
    for (let round = 0; round < 2; round++) {
      await vi.waitUntil(() => asked.length > round);
      asked[round]?.write(Buffer.of(1));
      vi.advanceTimersByTime(tcpMs - 1);
      expect(answer).toBe('none yet');
      asked[round]?.write(Buffer.of(0));
      vi.advanceTimersByTime(1);
      clock.advance(tcpMs);
    }
    expect(await told).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
  });
});
