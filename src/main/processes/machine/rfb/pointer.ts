import type { PointerMode, RfbInput } from './input';
import { pointerButton, relativeOrigin } from './protocol';

const heldMask = pointerButton.left | pointerButton.middle | pointerButton.right;

/**
 * No hand moves a mouse that many pixels between two events, and no position is that close to the origin of
 * relative events: a number beyond it was sent before the viewer heard that the mode has changed.
 */
const longestMove = 4096;

const wheelSteps: readonly [mask: number, dx: number, dy: number][] = [
  [pointerButton.wheelUp, 0, -1],
  [pointerButton.wheelDown, 0, 1],
  [pointerButton.wheelLeft, -1, 0],
  [pointerButton.wheelRight, 1, 0],
];

/** Turns one viewer's PointerEvents into input for the guest. */
export class PointerTranslator {
  #mask = 0;
  #lastX: number | undefined;
  #lastY: number | undefined;

  constructor(private readonly input: RfbInput) {}

  /**
   * @param sendsMovement whether the viewer sends movement (plus `relativeOrigin`) while the mode is relative;
   * from other viewers movement is the difference to their last position
   */
  handle(
    event: { buttons: number; x: number; y: number },
    mode: PointerMode,
    sendsMovement: boolean,
    screen: { width: number; height: number },
  ): void {
    if (mode === 'absolute') this.#moveTo(event.x, event.y, sendsMovement, screen);
    else if (sendsMovement) this.#moveBy(event.x - relativeOrigin, event.y - relativeOrigin);
    else this.#moveBy(event.x - (this.#lastX ?? event.x), event.y - (this.#lastY ?? event.y));
    this.#lastX = event.x;
    this.#lastY = event.y;
    this.#press(event.buttons);
  }

  /** The viewer is gone: nothing stays pressed. */
  release(): void {
    this.#press(0);
  }

  #moveTo(x: number, y: number, sendsMovement: boolean, screen: { width: number; height: number }): void {
    const stale = sendsMovement && Math.abs(x - relativeOrigin) < longestMove && x >= screen.width;
    if (stale) return;
    const inside = (value: number, size: number) => Math.min(value, size - 1);
    this.input.pointerAbsolute(
      inside(x, screen.width),
      inside(y, screen.height),
      screen.width,
      screen.height,
    );
  }

  #moveBy(dx: number, dy: number): void {
    if (dx === 0 && dy === 0) return;
    if (Math.abs(dx) > longestMove || Math.abs(dy) > longestMove) return;
    this.input.pointerRelative(dx, dy);
  }

  #press(mask: number): void {
    const before = this.#mask;
    this.#mask = mask;
    if ((before ^ mask) & heldMask) {
      this.input.buttons({
        left: (mask & pointerButton.left) !== 0,
        middle: (mask & pointerButton.middle) !== 0,
        right: (mask & pointerButton.right) !== 0,
      });
    }
    for (const [bit, dx, dy] of wheelSteps) {
      if (mask & ~before & bit) this.input.wheel(dx, dy);
    }
  }
}
