import { describe, expect, it } from 'vitest';
import { OutputQueue, queueLimit } from './output-queue';

const kib = (count: number): Buffer => Buffer.alloc(count * 1024);

describe('the queue of a port', () => {
  it('gives back what was put in, in its order', () => {
    const queue = new OutputQueue();
    const source = {};
    const runs = [Buffer.from('one'), Buffer.from('two'), Buffer.from('three')];
    for (const run of runs) expect(queue.push(run, 1, source)).toBe('copied');
    const taken = queue.take(Infinity);
    expect(Buffer.concat(taken.runs).toString()).toBe('onetwothree');
    expect(taken.frames).toBe(3);
    expect(queue.bytes).toBe(0);
  });

  it('does not change what waits when the memory it came in is used again', () => {
    const queue = new OutputQueue();
    const memory = Buffer.from('before');
    queue.push(memory, 1, {});
    memory.fill('x');
    expect(Buffer.concat(queue.take(Infinity).runs).toString()).toBe('before');
  });

  it('is bounded for one source, and keeps room for a second', () => {
    const queue = new OutputQueue();
    const greedy = {};
    const modest = {};
    let taken = 0;
    while (queue.push(kib(64), 1, greedy) === 'kept') taken += 64 * 1024;
    expect(taken).toBeLessThanOrEqual(queueLimit);
    expect(taken).toBeGreaterThan(0.95 * queueLimit);
    expect(queue.push(kib(64), 1, modest)).toBe('kept');
    expect(queue.push(kib(64), 1, greedy)).toBe('refused');
    for (let index = 0; index < 1000; index++) queue.push(kib(64), 1, {});
    expect(queue.bytes).toBeLessThanOrEqual(2 * queueLimit);
  });

  it('counts what short runs take besides their bytes', () => {
    const queue = new OutputQueue();
    const source = {};
    let taken = 0;
    while (queue.push(Buffer.alloc(18), 1, source) !== 'refused') taken++;
    expect(taken).toBeGreaterThan(10_000);
    expect(taken).toBeLessThan(queueLimit / 256);
    // All of it is given back with them.
    expect(queue.take(Infinity).frames).toBe(taken);
    expect(queue.push(kib(1024), 1, source)).toBe('kept');
  });

  it('joins neighbours into one piece', () => {
    const queue = new OutputQueue();
    const memory = kib(256);
    const source = {};
    for (let index = 0; index < 4; index++) {
      queue.push(memory.subarray(index * 65_536, (index + 1) * 65_536), 10, source);
    }
    const { runs, frames } = queue.take(Infinity);
    expect(runs.map(({ length }) => length)).toEqual([262_144]);
    expect(frames).toBe(40);
  });
});
