import { expect, it } from 'vitest';
import { GuestSize, type Size } from './guest-size';

const size = (width: number, height: number): Size => ({ width, height });

it('asks a text console that has fallen back for as much as it had, once', () => {
  const guest = new GuestSize();
  guest.ask(size(1200, 692), 0);
  expect(guest.took(size(1200, 692), 100)).toBeUndefined();
  guest.ask(size(1310, 762), 1000);
  expect(guest.took(size(800, 600), 1100)).toEqual(size(1200, 692));
  expect(guest.took(size(1200, 692), 1200)).toBeUndefined();
  // Whatever it does later is its own business.
  expect(guest.took(size(800, 600), 1300)).toBeUndefined();
  guest.ask(size(1400, 500), 2000);
  expect(guest.took(size(800, 600), 2100)).toEqual(size(1200, 500));
});

it('leaves a desktop alone that takes every size, also rounded', () => {
  const guest = new GuestSize();
  for (const [index, width] of [1310, 900, 1600].entries()) {
    guest.ask(size(width, 701), index * 1000);
    expect(guest.took(size(width - (width % 8), 700), index * 1000 + 300)).toBeUndefined();
  }
});

it('leaves a guest alone that never followed, and changes that nobody asked for', () => {
  const guest = new GuestSize();
  expect(guest.took(size(720, 400), 0)).toBeUndefined();
  guest.ask(size(1200, 692), 0);
  expect(guest.took(size(640, 480), 50)).toBeUndefined();
  guest.ask(size(1000, 600), 1000);
  expect(guest.took(size(1000, 600), 1100)).toBeUndefined();
  expect(guest.took(size(640, 480), 60_000)).toBeUndefined();
});
