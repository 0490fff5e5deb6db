import { describe, expect, it } from 'vitest';
import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';
import { RfbChannel } from './rfb-channel';

/** Two ends of one connection in memory. */
function pair(): [ByteStream, ByteStream] {
  const messages: ((message: Uint8Array | string) => void)[] = [];
  const closes: (() => void)[] = [];
  const end = (own: number, other: number): StreamChannel => ({
    send: (message) => messages[other]?.(typeof message === 'string' ? message : message.slice()),
    onMessage: (listener) => (messages[own] = listener),
    onClose: (listener) => (closes[own] = listener),
    close: () => closes[other]?.(),
  });
  return [byteStreamOver(end(0, 1)), byteStreamOver(end(1, 0))];
}

function record(stream: ByteStream): number[] {
  const bytes: number[] = [];
  stream.onData((data) => {
    bytes.push(...data);
  });
  return bytes;
}

const handshake = Uint8Array.from([...'RFB 003.008\n'].map((c) => c.charCodeAt(0)).concat(1, 1));

describe('RfbChannel', () => {
  it('has the names that noVNC looks for', () => {
    const channel = new RfbChannel(pair()[0]);
    const names = [
      ...Object.keys(channel),
      ...Object.getOwnPropertyNames(Object.getPrototypeOf(channel) as object),
    ];
    const wanted = [
      'send',
      'close',
      'binaryType',
      'onerror',
      'onmessage',
      'onopen',
      'protocol',
      'readyState',
    ];
    expect(names).toEqual(expect.arrayContaining(wanted));
  });

  it('gives exactly the bytes that came, also out of a larger buffer, once begun', () => {
    const [mine, server] = pair();
    const channel = new RfbChannel(mine);
    const seen: number[][] = [];
    server.send(Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4));
    channel.onmessage = ({ data }) => seen.push([...new Uint8Array(data)]);
    expect(seen).toEqual([]);
    channel.begin();
    expect(seen).toEqual([[1, 2, 3]]);
  });

  it('may be given the same buffer again after send', () => {
    const sent: Uint8Array[] = [];
    const stream: ByteStream = {
      send: (data) => sent.push(data),
      onData: () => undefined,
      onClose: () => undefined,
      close: () => undefined,
      unsent: 0,
      drained: () => Promise.resolve(),
    };
    const channel = new RfbChannel(stream);
    const queue = handshake.slice();
    channel.send(queue);
    queue.fill(0);
    expect(sent.map((data) => [...data])).toEqual([[...handshake]]);
  });

  it('sends movement only after the handshake', () => {
    const [mine, server] = pair();
    const channel = new RfbChannel(mine);
    const seen = record(server);
    channel.sendMovement(0, 1, 1);
    expect(seen).toEqual([]);
    channel.send(handshake);
    channel.sendMovement(1, 1, 0);
    expect(seen.slice(handshake.length)).toEqual([5, 1, 0x80, 0x00, 0x7f, 0xff]);
  });

  it('tells of the end once, with an object, whoever closes', async () => {
    const [mine, server] = pair();
    const byServer = new RfbChannel(mine);
    const events: unknown[] = [];
    byServer.onclose = (event) => events.push(event);
    server.close();
    byServer.close();
    await Promise.resolve();
    expect(events).toEqual([{}]);
    expect(byServer.readyState).toBe('closed');

    const own = new RfbChannel(pair()[0]);
    own.onclose = (event) => events.push(event);
    own.close();
    await Promise.resolve();
    expect(events).toEqual([{}, {}]);
  });
});
