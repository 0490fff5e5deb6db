import { expect, it } from 'vitest';
import { ReceiveBuffer } from './receive-buffer';

function bytes(buffer: ReceiveBuffer): number[] {
  const view = buffer.view();
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
}

it('keeps what has not been consumed, in order', () => {
  const buffer = new ReceiveBuffer();
  buffer.append(Uint8Array.of(1, 2, 3));
  buffer.consume(2);
  buffer.append(Uint8Array.of(4));
  expect(bytes(buffer)).toEqual([3, 4]);
});

it('holds more than it began with, and reuses its room', () => {
  const buffer = new ReceiveBuffer();
  const data = Uint8Array.from({ length: 700 }, (_, index) => index & 0xff);
  const expected: number[] = [];
  for (let turn = 0; turn < 50; turn++) {
    buffer.append(data);
    expected.push(...data);
    buffer.consume(600);
    expected.splice(0, 600);
    expect(bytes(buffer)).toEqual(expected);
  }
});

it('skips bytes that have not come yet', () => {
  const buffer = new ReceiveBuffer();
  buffer.append(Uint8Array.of(1, 2));
  buffer.consume(5);
  buffer.append(Uint8Array.of(3, 4));
  expect(buffer.length).toBe(0);
  buffer.append(Uint8Array.of(5, 6));
  expect(bytes(buffer)).toEqual([6]);
});
