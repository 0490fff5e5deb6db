import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framed } from '../../../platform/frame-stream';
import { framesIn } from '../testing/frames';
import { VirtualClock } from '../testing/virtual-clock';
import { Conditioner, type DirectionCondition, frameOverhead, maxUnderWay } from './conditioner';

const perfect: DirectionCondition = {
  bandwidth: null,
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
};

/** A direction, and what has arrived by it: the number in each frame, and when. */
function direction(condition: Partial<DirectionCondition>, seed = 1) {
  const clock = new VirtualClock();
  const arrivals: { number: number; at: number }[] = [];
  let state = seed;
  let lost = 0;
  const conditioner = new Conditioner(
    {
      clock,
      random: () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
      },
      arrived: (run, frames) => {
        const all = framesIn([run]);
        if (all.length !== frames) throw new Error(`${frames} frames were said to be ${all.length}`);
        for (const frame of all) arrivals.push({ number: frame.readUInt32BE(0), at: clock.now() });
      },
      lost: (frames) => (lost += frames),
    },
    { ...perfect, ...condition },
  );
  const send = (number: number, length = 1000): void => {
    const frame = Buffer.alloc(length);
    frame.writeUInt32BE(number);
    conditioner.push(framed(frame));
  };
  return { clock, arrivals, conditioner, send, lost: () => lost };
}

const numbers = (arrivals: readonly { number: number }[]): number[] => arrivals.map(({ number }) => number);

describe('a conditioned direction', () => {
  it('lets everything through when nothing is wrong with it', () => {
    const { clock, arrivals, send } = direction({});
    for (let number = 0; number < 50; number++) send(number);
    clock.advance(0);
    expect(numbers(arrivals)).toEqual(Array.from({ length: 50 }, (_, number) => number));
  });

  it('bounds what short frames take that are on their way', () => {
    const { clock, arrivals, send, lost } = direction({ latencyMs: 10_000 });
    const count = 2 * Math.ceil(maxUnderWay / frameOverhead);
    for (let number = 0; number < count; number++) send(number, 14);
    expect(count - lost()).toBeLessThan(maxUnderWay / frameOverhead);
    clock.advance(10_000);
    // All that was on its way has made room.
    const before = lost();
    for (let number = 0; number < 1000; number++) send(number, 14);
    expect([lost() - before, arrivals.length]).toEqual([0, count - before]);
  });

  it('carries so many bits a second, and loses what does not fit into its queue', () => {
    const { clock, arrivals, send, lost } = direction({ bandwidth: 1_000_000 });
    // Twice as much as there is room for, each second, for ten of them.
    for (let number = 0; number < 2500; number++) {
      send(number);
      clock.advance(4);
    }
    const bits = arrivals.length * 1004 * 8;
    expect(bits / 10).toBeGreaterThan(950_000);
    expect(bits / 10).toBeLessThan(1_050_000);
    expect(lost()).toBeGreaterThan(1000);
    const before = arrivals.length;
    clock.advance(5000);
    // A queue of 64 KiB is half a second of sending.
    expect(arrivals.length - before).toBeLessThan(70);
    expect(clock.pending).toBe(0);
    expect(arrivals.length + lost()).toBe(2500);
  });

  it('takes its time, more or less, and keeps the order', () => {
    const { clock, arrivals, send } = direction({ latencyMs: 100, jitterMs: 20 });
    for (let number = 0; number < 200; number++) {
      send(number);
      clock.advance(1);
    }
    clock.advance(200);
    expect(numbers(arrivals)).toEqual(Array.from({ length: 200 }, (_, number) => number));
    const times = arrivals.map(({ number, at }) => at - number);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(79);
    expect(Math.max(...times)).toBeLessThanOrEqual(121);
    expect(new Set(times.map(Math.round)).size).toBeGreaterThan(10);
  });

  it.each([1, 10, 50])('loses, doubles and reorders %i of a hundred frames', (percent) => {
    const count = 5000;
    const [losing, doubling, reordering] = [
      { loss: percent },
      { duplication: percent },
      { reordering: percent },
    ].map((condition) => {
      const { clock, arrivals, send, lost } = direction(condition);
      for (let number = 0; number < count; number++) {
        send(number, 60);
        clock.advance(1);
      }
      clock.advance(100);
      const overtaken = arrivals.filter(
        ({ number }, index) => arrivals[index - 1] && arrivals[index - 1]!.number > number,
      );
      return { arrived: arrivals.length, lost: lost(), overtaken: overtaken.length };
    });
    const about = (wanted: number): [number, number] => [wanted * 0.8 - 20, wanted * 1.2 + 20];
    const [least, most] = about((count * percent) / 100);
    for (const value of [losing!.lost, doubling!.arrived - count]) {
      expect(value).toBeGreaterThan(least);
      expect(value).toBeLessThan(most);
    }
    expect(reordering!.arrived).toBe(count);
    expect(reordering!.overtaken).toBeGreaterThan(least / 4);
    expect(losing!.overtaken + doubling!.overtaken).toBe(0);
  });

  it('is offline when everything is lost, and changes while frames are on their way', () => {
    const { clock, arrivals, send, conditioner, lost } = direction({ loss: 100 });
    send(1);
    clock.advance(10);
    expect([arrivals.length, lost()]).toEqual([0, 1]);
    conditioner.change({ ...perfect, latencyMs: 1000 });
    send(2);
    clock.advance(500);
    conditioner.change(perfect);
    send(3);
    clock.advance(499);
    // What was sent before does not come later than what was sent after it.
    expect(numbers(arrivals)).toEqual([]);
    clock.advance(1);
    expect(numbers(arrivals)).toEqual([2, 3]);
    conditioner.change({ ...perfect, latencyMs: 1000 });
    send(4);
    conditioner.flush();
    expect(numbers(arrivals)).toEqual([2, 3, 4]);
    send(5);
    conditioner.close();
    clock.advance(5000);
    expect([arrivals.length, clock.pending]).toEqual([3, 0]);
  });

  it('has what arrived and what was lost add up, whatever it is like', () => {
    const percent = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        fc.record({
          bandwidth: fc.option(fc.integer({ min: 1000, max: 10_000_000 })),
          latencyMs: fc.nat(500),
          jitterMs: fc.nat(500),
          loss: percent,
          duplication: fc.constant(0),
          reordering: percent,
        }),
        fc.array(fc.record({ length: fc.integer({ min: 14, max: 9000 }), pause: fc.nat(20) }), {
          maxLength: 200,
        }),
        (condition, frames) => {
          const { clock, arrivals, send, lost } = direction(condition);
          frames.forEach(({ length, pause }, number) => {
            send(number, length);
            clock.advance(pause);
          });
          clock.advance(1_000_000);
          expect(arrivals.length + lost()).toBe(frames.length);
          expect(new Set(numbers(arrivals)).size).toBe(arrivals.length);
          expect(clock.pending).toBe(0);
        },
      ),
    );
  });
});
