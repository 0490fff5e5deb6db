import { describe, expect, it } from 'vitest';
import { hold, isHeld, Pieces, release } from './pieces';

describe('memory in pieces', () => {
  it('is used again once nobody needs anything in it', () => {
    const pieces = new Pieces(1024);
    const first = pieces.take();
    hold(first.subarray(0, 10));
    hold(first.subarray(10, 20));
    pieces.giveBack(first);
    expect(pieces.take()).not.toBe(first);
    release(first.subarray(0, 20), 1);
    expect(isHeld(first)).toBe(true);
    expect(pieces.take()).not.toBe(first);
    release(first.subarray(0, 20), 1);
    expect(isHeld(first)).toBe(false);
    expect(pieces.take()).toBe(first);
  });

  it('is not given to somebody else while its owner still writes into it', () => {
    const pieces = new Pieces(1024);
    const first = pieces.take();
    hold(first);
    release(first, 1);
    expect(pieces.take()).not.toBe(first);
    pieces.giveBack(first);
    expect(pieces.take()).toBe(first);
    expect(pieces.take()).not.toBe(first);
  });

  it('lets views of any other memory be held', () => {
    const other = Buffer.alloc(10);
    hold(other);
    release(other, 1);
    expect(isHeld(other)).toBe(false);
  });
});
