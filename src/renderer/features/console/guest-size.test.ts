import { expect, it } from 'vitest';
import { GuestSize, type Size } from './guest-size';

const size = (width: number, height: number): Size => ({ width, height });

it('gives a text console the window’s size when it starts, and lets it keep that', () => {
  const guest = new GuestSize();
  guest.took(size(1280, 800), 0);
  expect(guest.ask(size(1200, 692), true, 100)).toBe(true);
  expect(guest.took(size(1200, 692), 4000)).toBeUndefined();
  // Smaller would show a corner of it only.
  expect(guest.ask(size(1000, 632), false, 60_000)).toBe(false);
  // More than it has room for: it falls back, and is asked for what it had, once.
  expect(guest.ask(size(1310, 762), false, 61_000)).toBe(true);
  expect(guest.took(size(800, 600), 61_100)).toEqual(size(1200, 692));
  expect(guest.took(size(1200, 692), 61_200)).toBeUndefined();
  expect(guest.took(size(800, 600), 61_300)).toBeUndefined();
  expect(guest.ask(size(700, 500), false, 62_000)).toBe(false);
});

it('gives a text console back what it had also when its machine is young', () => {
  const guest = new GuestSize();
  guest.took(size(720, 400), 0);
  guest.ask(size(1200, 692), true, 100);
  expect(guest.took(size(640, 480), 200)).toBeUndefined();
  guest.took(size(1200, 692), 19_000);
  guest.ask(size(1310, 762), true, 20_000);
  expect(guest.took(size(800, 600), 20_300)).toEqual(size(1200, 692));
});

it('asks a desktop for every size once it has shown that it follows, also by rounding', () => {
  const guest = new GuestSize();
  guest.took(size(1280, 800), 0);
  expect(guest.ask(size(1000, 600), false, 60_000)).toBe(false);
  expect(guest.ask(size(1910, 1005), false, 61_000)).toBe(true);
  expect(guest.took(size(1904, 1005), 61_300)).toBeUndefined();
  expect(guest.ask(size(1000, 600), false, 62_000)).toBe(true);
  expect(guest.took(size(1000, 600), 62_300)).toBeUndefined();
  // Its user has left for a text console.
  expect(guest.ask(size(1100, 700), false, 63_000)).toBe(true);
  expect(guest.took(size(800, 600), 63_300)).toEqual(size(1000, 600));
  expect(guest.took(size(1000, 600), 63_400)).toBeUndefined();
  expect(guest.ask(size(900, 500), false, 64_000)).toBe(false);
});

it('asks a guest for less when a person says that it follows', () => {
  const guest = new GuestSize();
  guest.took(size(1280, 800), 0);
  guest.insist();
  expect(guest.ask(size(1000, 600), false, 60_000)).toBe(true);
});

it('takes no change for an answer that nobody asked for, or that comes late', () => {
  const guest = new GuestSize();
  expect(guest.took(size(720, 400), 0)).toBeUndefined();
  expect(guest.ask(size(1200, 692), true, 0)).toBe(true);
  expect(guest.took(size(640, 480), 50)).toBeUndefined();
  expect(guest.ask(size(1200, 692), false, 60_000)).toBe(true);
  expect(guest.took(size(640, 400), 76_000)).toBeUndefined();
});
