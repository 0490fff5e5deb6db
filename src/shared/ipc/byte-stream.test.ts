import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteStream, byteStreamOver, type StreamChannel } from './byte-stream';

/** Two channels that carry to each other at once, or when `flush` is called. */
function channelPair(): { left: StreamChannel; right: StreamChannel; sentByRight: (Uint8Array | string)[] } {
  type Listener = (message: Uint8Array | string) => void;
  const messages: Record<'left' | 'right', Listener[]> = { left: [], right: [] };
  const closings: (() => void)[] = [];
  const sentByRight: (Uint8Array | string)[] = [];
  let closed = false;
  const end = (own: 'left' | 'right', other: 'left' | 'right'): StreamChannel => ({
    send(message) {
      if (closed) return;
      if (own === 'right') sentByRight.push(message);
      for (const listener of messages[other]) listener(message);
    },
    onMessage: (listener) => void messages[own].push(listener),
    onClose: (listener) => void closings.push(listener),
    close() {
      if (closed) return;
      closed = true;
      for (const listener of closings) listener();
    },
  });
  return { left: end('left', 'right'), right: end('right', 'left'), sentByRight };
}

function streamPair(): [ByteStream, ByteStream] {
  const { left, right } = channelPair();
  return [byteStreamOver(left), byteStreamOver(right)];
}

describe('byte streams', () => {
  it('carries bytes in order and counts them as taken', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1 })), (pieces) => {
        const [left, right] = streamPair();
        const received: number[] = [];
        right.onData((data) => void received.push(...data));
        for (const piece of pieces) left.send(piece);
        expect(received).toEqual(pieces.flatMap((piece) => [...piece]));
        expect(left.unsent).toBe(0);
      }),
    );
  });

  it('keeps what arrives before somebody listens, and does not count it as taken', () => {
    const [left, right] = streamPair();
    left.send(new Uint8Array(10));
    expect(left.unsent).toBe(10);
    let length = 0;
    right.onData((data) => {
      length += data.byteLength;
    });
    expect(length).toBe(10);
    expect(left.unsent).toBe(0);
  });

  it('lets the sender wait until a slow reader has caught up', async () => {
    const [left, right] = streamPair();
    let taken: () => void = () => {};
    right.onData(() => new Promise((resolve) => (taken = resolve)));
    left.send(new Uint8Array(1000));
    let drained = false;
    const waiting = left.drained(100).then(() => (drained = true));
    await Promise.resolve();
    expect(drained).toBe(false);
    taken();
    await waiting;
    expect(left.unsent).toBe(0);
  });

  it('frees whoever waits when the stream closes', async () => {
    const [left, right] = streamPair();
    left.send(new Uint8Array(1000));
    const waiting = left.drained(0);
    right.close();
    await waiting;
  });

  it.each(['ack 5', 'ack -1', 'ack 1e3', 'hello', ''])(
    'closes on the nonsensical control message %j',
    (control) => {
      const { left, right } = channelPair();
      const stream = byteStreamOver(left);
      let closed = 0;
      stream.onClose(() => closed++);
      right.send(control);
      expect(closed).toBe(1);
    },
  );

  it('closes when the reader fails', async () => {
    const [left, right] = streamPair();
    right.onData(() => Promise.reject(new Error('no room')));
    const closed = new Promise<void>((resolve) => left.onClose(resolve));
    left.send(new Uint8Array(1));
    await closed;
  });
});
