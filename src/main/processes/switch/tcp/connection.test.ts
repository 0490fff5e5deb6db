import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TcpPair } from '../testing/tcp-pair';
import { mostCapacity } from './account';
import { maxHandshakes } from './connection';
import { flags } from './segment';
import { maxRetransmissions } from './send-half';

/** Bytes that differ from their neighbours, so that what is missing or out of place shows. */
function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 7 + (index >>> 8) * 13 + seed) & 255;
  return bytes;
}

function openPair(...parameters: ConstructorParameters<typeof TcpPair>): TcpPair {
  const pair = new TcpPair(...parameters);
  pair.advance(5);
  expect([pair.here.isOpen, pair.there.isOpen]).toEqual([true, true]);
  return pair;
}

/**
 * Both sides have everything and have closed. The only other end that RFC 9293 allows is that a side gives up, and
 * that only when a segment was sent again so often (its R2, 3.8.3) and all of them, or all answers, were lost; the
 * other side then hears of it by a RST, gives up too, or has closed before. That an end was the last to be sent is
 * no reason: TIME-WAIT lasts longer than any wait between two of them, begins anew with each (3.10.7.4), and whoever
 * has forgotten the connection answers with a RST, which ends one that only waits for its end to be acknowledged.
 */
function expectOrderlyEnd(pair: TcpPair, up: Buffer, down: Buffer): void {
  const ends = { here: pair.here.end, there: pair.there.end };
  const sides = ['here', 'there'] as const;
  const givenUp = sides.filter((side) => ends[side] === 'timeout');
  for (const side of givenUp) {
    // One that has never been open gives up its handshake sooner (3.8.3: R2 of a SYN).
    const enough = pair[side].isOpen ? maxRetransmissions + 1 : maxHandshakes;
    expect(pair.mostTries(side)).toBeGreaterThanOrEqual(enough);
  }
  if (givenUp.length > 0) {
    for (const side of sides) expect(['closed', 'reset', 'timeout']).toContain(ends[side]);
    return;
  }
  expect(ends).toEqual({ here: 'closed', there: 'closed' });
  expect(pair.there.bytes.equals(up)).toBe(true);
  expect(pair.here.bytes.equals(down)).toBe(true);
}

describe('a TCP connection', () => {
  it('acknowledges with its answer, soon without one, and two segments at once', () => {
    const pair = openPair();
    const acknowledgements = (): number =>
      pair.segments.filter(({ from, segment }) => from === 'there' && segment.data.length === 0).length;
    const before = acknowledgements();
    pair.there.onData = () => pair.answerer?.write(Buffer.from('answer'));
    pair.opener.write(Buffer.from('question'));
    pair.advance(20);
    expect(acknowledgements()).toBe(before);
    expect(pair.here.bytes.toString()).toBe('answer');
    pair.there.onData = undefined;
    pair.opener.write(Buffer.from('remark'));
    pair.advance(20);
    expect(acknowledgements()).toBe(before + 1);
    expect(pair.opener.queued).toBe(0);
    pair.opener.write(pattern(2 * 1460));
    pair.clock.advance(1);
    pair.settle();
    expect(acknowledgements()).toBe(before + 2);
  });

  it('opens, carries data both ways, and closes with nothing left', () => {
    const pair = openPair();
    const [up, down] = [pattern(300_000), pattern(200_000, 5)];
    pair.opener.write(up);
    pair.answerer?.write(down);
    pair.advance(500);
    expect(pair.there.bytes.equals(up)).toBe(true);
    expect(pair.here.bytes.equals(down)).toBe(true);
    pair.opener.end();
    pair.advance(10);
    expect([pair.there.guestEnded, pair.here.guestEnded]).toEqual([true, false]);
    // The other half still works.
    pair.answerer?.write(Buffer.from('late'));
    pair.advance(10);
    expect(pair.here.bytes.subarray(-4).toString()).toBe('late');
    pair.answerer?.end();
    pair.advance(10);
    expect([pair.here.end, pair.there.end]).toEqual(['closed', 'closed']);
    pair.advance(61_000);
    expect(pair.gone).toBe(2);
    expect(pair.clock.pending).toBe(0);
  });

  it('closes when both sides end at the same time', () => {
    const pair = openPair();
    pair.opener.end();
    pair.answerer?.end();
    pair.advance(61_000);
    expect([pair.here.end, pair.there.end, pair.gone]).toEqual(['closed', 'closed', 2]);
  });

  it('delivers everything once and in order through loss, doubling and reordering', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0x7fffffff }),
        fc.integer({ min: 0, max: 25 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.constantFrom(100, 536, 1460, 8960),
        fc.boolean(),
        (seed, loss, upLength, downLength, mss, selective) => {
          let state = seed;
          const random = (limit: number): number => {
            state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
            return (state >>> 8) % limit;
          };
          const pair = new TcpPair({ here: mss, there: 1460 }, undefined, selective);
          pair.weather = () => {
            if (random(100) < loss) return [];
            const delays = [1 + (random(10) === 0 ? random(20) : 0)];
            if (random(20) === 0) delays.push(1 + random(30));
            return delays;
          };
          const [up, down] = [pattern(upLength), pattern(downLength, 9)];
          pair.opener.write(up);
          pair.opener.end();
          for (let waited = 0; waited < 3_000 && !pair.answerer; waited++) pair.advance(10);
          pair.answerer?.write(down);
          pair.answerer?.end();
          for (let waited = 0; waited < 20_000; waited++) {
            if (pair.here.end && pair.there.end) break;
            pair.advance(50);
          }
          expectOrderlyEnd(pair, up, down);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('repairs a single loss by fast retransmission, without waiting for the timer', () => {
    const pair = openPair();
    pair.opener.write(pattern(60_000));
    pair.advance(50);
    let lose = true;
    pair.weather = ({ data }) => {
      if (!lose || data.length === 0) return [1];
      lose = false;
      return [];
    };
    const more = pattern(60_000, 3);
    pair.opener.write(more);
    pair.advance(60);
    expect(pair.there.bytes.subarray(60_000).equals(more)).toBe(true);
  });

  it('repairs many losses of one window at once where the other side tells what it has', () => {
    const lostOnes = (selective: boolean): { whole: boolean; again: number } => {
      const pair = new TcpPair(undefined, undefined, selective);
      pair.advance(5);
      pair.opener.write(pattern(400_000));
      pair.advance(100);
      const seen = new Set<number>();
      // Every seventh of the first seventy is lost, and none that is sent again.
      pair.weather = ({ data, sequence }) => {
        if (data.length === 0 || seen.has(sequence)) return [1];
        seen.add(sequence);
        return seen.size % 7 === 3 && seen.size < 70 ? [] : [1];
      };
      pair.segments.length = 0;
      pair.opener.write(pattern(200_000, 3));
      pair.advance(40);
      const whole = pair.there.bytes.length === 600_000;
      pair.advance(60_000);
      expect(pair.there.bytes.subarray(400_000).equals(pattern(200_000, 3))).toBe(true);
      const sent = pair.segments.filter(({ from, segment }) => from === 'here' && segment.data.length > 0);
      return { whole, again: sent.length - new Set(sent.map(({ segment }) => segment.sequence)).size };
    };
    const [selective, cumulative] = [lostOnes(true), lostOnes(false)];
    // Ten segments were lost, and ten are sent again.
    expect(selective).toEqual({ whole: true, again: 10 });
    expect(cumulative.again).toBeGreaterThanOrEqual(10);
  });

  it('says that an end was lost as often as it is told of it, and for long enough', () => {
    const pair = openPair();
    pair.opener.end();
    pair.advance(5);
    // All that the first to end says from now on is lost for four minutes.
    let deaf = true;
    pair.weather = ({ flags: set }) => (deaf && (set & flags.fin) === 0 ? [] : [1]);
    pair.answerer?.end();
    pair.advance(240_000);
    expect([pair.here.end, pair.there.end]).toEqual(['closed', undefined]);
    deaf = false;
    pair.advance(61_000);
    expect(pair.there.end).toBe('closed');
  });

  it('takes a reset for the end it is, once all has been said', () => {
    const pair = openPair();
    pair.opener.end();
    pair.advance(5);
    pair.weather = () => [];
    pair.answerer?.end();
    pair.advance(5);
    pair.opener.abort();
    pair.weather = () => [1];
    // Who had ended first has forgotten the connection, and answers the end so.
    pair.advance(5000);
    expect([pair.here.end, pair.there.end]).toEqual(['reset', 'closed']);
  });

  it('sends no more than the window, asks while it is closed, and goes on when it opens', () => {
    const pair = openPair();
    pair.there.slow = true;
    const data = pattern(3 * mostCapacity);
    pair.opener.write(data);
    pair.advance(5_000);
    expect(pair.there.bytes.length).toBeLessThanOrEqual(mostCapacity);
    expect(pair.there.bytes.length).toBeGreaterThan(mostCapacity - 3000);
    const before = pair.segments.length;
    pair.advance(120_000);
    const asked = pair.segments.length - before;
    expect(asked).toBeGreaterThan(4);
    expect(asked).toBeLessThan(60);
    pair.there.slow = false;
    pair.there.waiting = 0;
    // Its telling is lost: the questions must be enough.
    pair.weather = () => [];
    pair.answerer?.consumed();
    pair.weather = () => [1];
    pair.advance(120_000);
    expect(pair.there.bytes.equals(data)).toBe(true);
  });

  it('tells its user to wait when too much is under way, and when to go on', () => {
    const pair = openPair();
    pair.there.slow = true;
    let drained = 0;
    pair.here.onDrained.push(() => drained++);
    expect(pair.opener.write(pattern(1000))).toBe(true);
    expect(pair.opener.write(pattern(2 * mostCapacity))).toBe(false);
    pair.advance(1000);
    expect(drained).toBe(0);
    pair.there.slow = false;
    pair.there.waiting = 0;
    pair.answerer?.consumed();
    pair.advance(1000);
    expect(drained).toBe(1);
  });

  it('holds no more than its share in either direction', () => {
    const pair = new TcpPair();
    pair.capacity = 16 * 1024;
    pair.advance(5);
    pair.there.slow = true;
    const data = pattern(100_000);
    expect(pair.opener.write(data)).toBe(false);
    pair.advance(5_000);
    expect(pair.there.bytes.length).toBeLessThanOrEqual(pair.capacity);
    pair.there.slow = false;
    pair.there.waiting = 0;
    pair.answerer?.consumed();
    pair.advance(5_000);
    expect(pair.there.bytes.equals(data)).toBe(true);
  });

  it('goes on after the host has gone for as long as the guest takes what it is still to get', () => {
    const pair = openPair({ here: 1460, there: 64 }, 1);
    pair.weather = () => [1000];
    const data = pattern(24_000);
    pair.opener.write(data);
    pair.opener.end();
    pair.opener.orphan();
    let sweeps = 0;
    for (; pair.there.bytes.length < data.length && sweeps < 20; sweeps++) {
      pair.advance(30_000);
      pair.opener.sweep();
    }
    // Long after one that stands still would have been given up.
    expect(sweeps).toBeGreaterThan(6);
    expect(pair.there.bytes.equals(data)).toBe(true);
    expect(pair.here.end).toBeUndefined();
    for (sweeps = 0; !pair.here.end && sweeps < 20; sweeps++) {
      pair.advance(30_000);
      pair.opener.sweep();
    }
    expect(pair.here.end).toBe('timeout');
  });

  it('works with a peer that takes tiny segments through a tiny window', () => {
    const pair = openPair({ here: 1460, there: 64 }, 1);
    const data = pattern(5000);
    pair.opener.write(data);
    pair.advance(5000);
    expect(pair.there.bytes.equals(data)).toBe(true);
  });

  it('gives up when nothing comes back', () => {
    const pair = openPair();
    pair.weather = () => [];
    pair.opener.write(Buffer.from('anybody?'));
    pair.advance(20 * 60_000);
    expect(pair.here.end).toBe('timeout');
    const silent = new TcpPair();
    silent.weather = () => [];
    silent.advance(200_000);
    expect(silent.here.end).toBe('timeout');
    expect(silent.clock.pending).toBe(0);
  });

  it('ends at once on a reset with the right number, and answers a wrong one with a question', () => {
    const pair = openPair();
    const last = pair.segments.findLast(({ from }) => from === 'there')?.segment;
    if (!last) throw new Error('nothing was sent');
    const answersBefore = pair.segments.length;
    pair.opener.receive({
      ...last,
      flags: flags.rst,
      sequence: (last.sequence + 100) >>> 0,
      data: Buffer.alloc(0),
    });
    expect(pair.here.end).toBeUndefined();
    expect(pair.segments.length).toBe(answersBefore + 1);
    pair.answerer?.abort();
    pair.advance(5);
    expect([pair.here.end, pair.there.end]).toEqual(['reset', 'reset']);
  });

  it('survives arbitrary segments, and its memory does not grow with them', () => {
    const segment = fc.record({
      source: fc.constant(1),
      sourcePort: fc.constant(1),
      destination: fc.constant(2),
      destinationPort: fc.constant(2),
      sequence: fc.integer({ min: -3000, max: 3000 }).map((offset) => (0xffff0001 + offset) >>> 0),
      acknowledgment: fc.integer({ min: -3000, max: 3000 }).map((offset) => (0xfffffff1 + offset) >>> 0),
      flags: fc.nat(63).filter((set) => (set & flags.rst) === 0),
      window: fc.nat(65_535),
      mss: fc.nat(65_535),
      windowShift: fc.option(fc.nat(14), { nil: undefined }),
      sackPermitted: fc.boolean(),
      sack: fc.array(
        fc.record({
          start: fc.integer({ min: -3000, max: 6000 }).map((offset) => (0xfffffff1 + offset) >>> 0),
          end: fc.integer({ min: -3000, max: 6000 }).map((offset) => (0xfffffff1 + offset) >>> 0),
        }),
        { maxLength: 4 },
      ),
      data: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 60 }), (segments) => {
        const pair = openPair();
        pair.weather = () => [];
        pair.opener.write(pattern(4000));
        for (const one of segments) {
          pair.opener.receive(one);
          pair.advance(3);
        }
        expect(pair.here.bytes.length).toBeLessThanOrEqual(6100);
        expect(pair.opener.queued).toBeLessThanOrEqual(4000);
      }),
      { numRuns: 200 },
    );
  });
});
