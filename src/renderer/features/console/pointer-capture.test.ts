import { afterEach, describe, expect, it, vi } from 'vitest';
import { capturePointer, MovementSender } from './pointer-capture';

type Sent = [mask: number, dx: number, dy: number];

function sender(): { sent: Sent[]; movement: MovementSender } {
  const sent: Sent[] = [];
  return { sent, movement: new MovementSender((...event) => sent.push(event)) };
}

describe('MovementSender', () => {
  it('adds up fractions of a pixel', () => {
    const { sent, movement } = sender();
    for (let count = 0; count < 10; count++) movement.move(0.5, -0.25, 0);
    expect(sent.reduce((sum, [, dx]) => sum + dx, 0)).toBe(5);
    expect(sent.reduce((sum, [, , dy]) => sum + dy, 0)).toBe(-2);
  });

  it('sends a change of the buttons once, and lets them go', () => {
    const { sent, movement } = sender();
    movement.buttons(1);
    movement.buttons(1);
    movement.move(3, 0, 1);
    movement.release();
    expect(sent).toEqual([
      [1, 0, 0],
      [1, 3, 0],
      [0, 0, 0],
    ]);
  });

  it('turns the wheel by steps, with the held buttons', () => {
    const { sent, movement } = sender();
    movement.buttons(4);
    movement.wheel(0, 30, 0);
    movement.wheel(0, 30, 0);
    movement.wheel(0, -3, 1);
    expect(sent).toEqual([
      [2, 0, 0],
      [2 | 0x10, 0, 0],
      [2, 0, 0],
      [2 | 0x08, 0, 0],
      [2, 0, 0],
    ]);
  });
});

describe('capturePointer', () => {
  let locked: Element | null = null;
  Object.defineProperty(document, 'pointerLockElement', { configurable: true, get: () => locked });
  document.exitPointerLock = () => {
    locked = null;
    document.dispatchEvent(new Event('pointerlockchange'));
  };

  function setup() {
    const area = document.createElement('div');
    const canvas = document.createElement('canvas');
    area.append(canvas);
    document.body.append(area);
    area.requestPointerLock = vi.fn(() => {
      locked = area;
      document.dispatchEvent(new Event('pointerlockchange'));
      return Promise.resolve();
    });
    const sent: Sent[] = [];
    const states: boolean[] = [];
    const seenByViewer: string[] = [];
    for (const name of ['mousedown', 'mousemove', 'mouseup', 'wheel']) {
      canvas.addEventListener(name, () => seenByViewer.push(name));
    }
    const capture = capturePointer(
      area,
      () => canvas,
      (...event) => sent.push(event),
      (captured) => states.push(captured),
      (reason) => {
        throw reason;
      },
    );
    const fire = (name: string, init: MouseEventInit = {}) =>
      canvas.dispatchEvent(new MouseEvent(name, { bubbles: true, cancelable: true, ...init }));
    return { area, capture, sent, states, seenByViewer, fire };
  }

  afterEach(() => {
    locked = null;
    document.body.replaceChildren();
  });

  it('leaves the mouse to the viewer while the guest takes positions', () => {
    const { area, fire, seenByViewer, sent } = setup();
    fire('mousedown', { buttons: 1 });
    fire('mousemove', { movementX: 4 });
    expect(seenByViewer).toEqual(['mousedown', 'mousemove']);
    expect(sent).toEqual([]);
    expect(area.requestPointerLock).not.toHaveBeenCalled();
  });

  it('captures at a click, sends movement that the viewer does not see, and lets go', () => {
    const { capture, fire, seenByViewer, sent, states } = setup();
    capture.setRelative(true);
    fire('mousemove', { movementX: 9 });
    fire('mousedown', { button: 0, buttons: 1 });
    expect(states).toEqual([true]);
    expect(sent).toEqual([]);
    fire('mousemove', { movementX: 4, movementY: -2, buttons: 0 });
    fire('mousedown', { button: 0, buttons: 1 });
    capture.release();
    expect(sent).toEqual([
      [0, 4, -2],
      [1, 0, 0],
      [0, 0, 0],
    ]);
    expect(states).toEqual([true, false]);
    expect(seenByViewer).toEqual([]);
  });

  it('lets go when the guest begins to take positions', () => {
    const { capture, fire, states, seenByViewer } = setup();
    capture.setRelative(true);
    fire('mousedown', { button: 0, buttons: 1 });
    capture.setRelative(false);
    expect(states).toEqual([true, false]);
    fire('mousemove');
    expect(seenByViewer).toEqual(['mousemove']);
  });
});
