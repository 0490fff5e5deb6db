import { describe, expect, it } from 'vitest';
import { ReceiveQueue } from './receive-queue';

describe('data that has come early', () => {
  it('is put in its order, without what is there twice', () => {
    const queue = new ReceiveQueue();
    queue.add(30, Buffer.from('DEF'), 1024 * 1024);
    queue.add(20, Buffer.from('abcdefghijKLM'), 1024 * 1024);
    expect(queue.ranges(20, 4)).toEqual([{ start: 20, end: 33 }]);
    expect([queue.take(20), queue.take(30)].map((piece) => piece?.toString())).toEqual(['abcdefghij', 'DEF']);
    expect(queue.isEmpty).toBe(true);
  });

  it('is of so many pieces at most, and none keeps more memory alive than it has', () => {
    const queue = new ReceiveQueue();
    for (let index = 0; index < 1000; index++) queue.add(2 * index, Buffer.from('x'), 16 * 1024);
    expect(queue.ranges(0, Infinity)).toHaveLength(16);
    expect(queue.take(0)?.buffer.byteLength).toBe(1);
  });
});
