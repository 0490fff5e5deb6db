import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ScreenAdapter } from '../../display/screen-adapter';
import { type ScreenMode, ScreenPump } from './screen';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const screen = new ScreenAdapter();
  let fills = 0;
  let watched = false;
  const modes: ScreenMode[] = [];
  const pump = new ScreenPump(
    screen,
    () => fills++,
    () => watched,
    (mode) => modes.push(mode),
  );
  return { screen, pump, modes, fills: () => fills, watch: (on: boolean) => (watched = on) };
}

describe('ScreenPump', () => {
  it('fetches pictures often while somebody looks, and seldom while nobody does', async () => {
    const { pump, fills, watch } = setUp();
    pump.start();
    await vi.advanceTimersByTimeAsync(2000);
    expect(fills()).toBeLessThanOrEqual(4);
    watch(true);
    pump.wake();
    const before = fills();
    await vi.advanceTimersByTimeAsync(1000);
    expect(fills() - before).toBeGreaterThanOrEqual(19);
    expect(fills() - before).toBeLessThanOrEqual(63);
    watch(false);
    await vi.advanceTimersByTimeAsync(100);
    const after = fills();
    await vi.advanceTimersByTimeAsync(2000);
    expect(fills() - after).toBeLessThanOrEqual(5);
    pump.stop();
    const stopped = fills();
    await vi.advanceTimersByTimeAsync(2000);
    expect(fills()).toBe(stopped);
  });

  it('shows a new viewer the picture at once', () => {
    const { pump, fills, watch } = setUp();
    pump.start();
    watch(true);
    pump.wake();
    expect(fills()).toBe(1);
    pump.stop();
  });

  it('tells each new size and mode once, and counts pictures that are different', () => {
    const { screen, pump, modes } = setUp();
    pump.refresh();
    pump.refresh();
    screen.set_mode(true);
    screen.set_size_graphical(640, 480);
    pump.refresh();
    pump.refresh();
    expect(modes).toEqual([
      { width: 720, height: 400, text: true },
      { width: 640, height: 480, text: false },
    ]);
    const { changes } = pump;
    screen.frame.fill(0xff112233);
    pump.refresh();
    pump.refresh();
    expect(pump.changes).toBe(changes + 1);
  });
});
