import { describe, expect, it } from 'vitest';
import { HeldSink } from './held-sink';

function collecting() {
  const taken: number[] = [];
  return { taken, write: async (data: Uint8Array) => void taken.push(...data) };
}

const piece = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

describe('a held sink', () => {
  it('keeps what comes until it is released, and passes it on in order', async () => {
    const sink = collecting();
    const held = new HeldSink(sink, 100, () => {});
    await held.write(piece(1, 2));
    await held.write(piece(3));
    expect(sink.taken).toEqual([]);
    held.release();
    await held.write(piece(4));
    expect(sink.taken).toEqual([1, 2, 3, 4]);
    await held.drain();
    expect(sink.taken).toEqual([1, 2, 3, 4]);
  });

  it('says that it is full, and passes everything on then without waiting for anybody', async () => {
    const sink = collecting();
    let full = 0;
    const held = new HeldSink(sink, 3, () => full++);
    await held.write(piece(1, 2));
    expect([full, sink.taken]).toEqual([0, []]);
    await held.write(piece(3, 4));
    expect([full, sink.taken]).toEqual([1, [1, 2, 3, 4]]);
    await held.write(piece(5));
    expect([full, sink.taken]).toEqual([1, [1, 2, 3, 4, 5]]);
  });

  it('gives all at the end, also when it was never released', async () => {
    const sink = collecting();
    const held = new HeldSink(sink, 100, () => {});
    await held.write(piece(1));
    await held.drain();
    expect(sink.taken).toEqual([1]);
  });

  it('tells what the sink behind it says', async () => {
    const held = new HeldSink({ write: () => Promise.reject(new Error('full')) }, 100, () => {});
    await held.write(piece(1));
    held.release();
    await expect(held.write(piece(2))).rejects.toThrow('full');
  });
});
