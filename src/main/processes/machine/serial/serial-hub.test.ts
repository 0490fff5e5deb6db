import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamPair } from '../rfb/testing/stream-pair';
import { History } from './history';
import { historyLength, SerialHub } from './serial-hub';

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

function reader(hub: SerialHub, stalled?: Promise<void>) {
  const [here, there] = streamPair();
  let text = '';
  there.onData((data) => {
    text += Buffer.from(data).toString('latin1');
    return stalled;
  });
  hub.connect(here);
  return { here, there, text: () => text };
}

function print(hub: SerialHub, text: string): void {
  for (const byte of Buffer.from(text, 'latin1')) hub.output(byte);
}

describe('History', () => {
  it('keeps the last bytes of whatever was appended', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 1, max: 50 }),
        (parts, capacity) => {
          const history = new History(capacity);
          for (const part of parts) history.append(part);
          const all = Buffer.concat(parts);
          expect(history.end).toBe(all.length);
          expect(history.start).toBe(Math.max(0, all.length - capacity));
          for (let position = history.start; position <= history.end; position++) {
            const expected = all.subarray(position, position + 7);
            expect(Buffer.from(history.read(position, 7)).equals(expected)).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('SerialHub', () => {
  it('gives everyone everything, and newcomers the last 64 KiB', async () => {
    const hub = new SerialHub(() => {});
    print(hub, 'x'.repeat(historyLength));
    print(hub, 'the end');
    const first = reader(hub);
    await settle();
    expect(first.text()).toBe('x'.repeat(historyLength - 7) + 'the end');
    print(hub, ' and more');
    await settle();
    const second = reader(hub);
    await settle();
    expect(first.text().endsWith('the end and more')).toBe(true);
    expect(second.text().endsWith('the end and more')).toBe(true);
  });

  it('holds nothing for a reader that does not read, and tells it what it has missed', async () => {
    const hub = new SerialHub(() => {});
    let go = (): void => {};
    const slow = reader(hub, new Promise((resolve) => (go = resolve)));
    const quick = reader(hub);
    const line = 'y'.repeat(64 * 1024);
    for (let count = 0; count < 40; count++) {
      print(hub, line);
      const total = (count + 1) * line.length;
      await expect.poll(() => quick.text().length, { interval: 2 }).toBe(total);
    }
    expect(slow.here.unsent).toBeLessThan(256 * 1024);
    go();
    for (let turn = 0; turn < 50 && !slow.text().includes('not shown'); turn++) await settle();
    expect(slow.text()).toMatch(/\r\n\[\d+ bytes were not shown\]\r\n/);
  });

  it('keeps what is typed until the guest takes it, in order, and says when it has', async () => {
    let wakes = 0;
    const hub = new SerialHub(() => wakes++);
    const { there } = reader(hub);
    there.send(Buffer.from('hello '));
    there.send(Buffer.from('world'));
    await settle();
    expect([wakes, hub.hasInput, there.unsent]).toEqual([1, true, 11]);
    let taken = '';
    hub.take(8, (byte) => (taken += String.fromCharCode(byte)));
    await settle();
    expect([taken, there.unsent]).toEqual(['hello wo', 5]);
    hub.take(100, (byte) => (taken += String.fromCharCode(byte)));
    await settle();
    expect([taken, hub.hasInput, there.unsent]).toEqual(['hello world', false, 0]);
  });

  it('closes the stream of somebody who types without ever waiting', async () => {
    const hub = new SerialHub(() => {});
    const { there } = reader(hub);
    let closed = false;
    there.onClose(() => (closed = true));
    for (let count = 0; count < 6; count++) there.send(new Uint8Array(1024 * 1024));
    await settle();
    expect(closed).toBe(true);
  });

  it('closes its streams with the machine', async () => {
    const hub = new SerialHub(() => {});
    const { there, text } = reader(hub);
    let closed = false;
    there.onClose(() => (closed = true));
    print(hub, 'bye');
    await settle();
    hub.close();
    await settle();
    expect([closed, text()]).toEqual([true, 'bye']);
  });
});
