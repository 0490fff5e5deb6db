import type { PointerButtons } from '../../rfb/input';
import type { V86Bus } from './emulator-types';

/** A packet of a PS/2 mouse has nine bits for each direction; v86 keeps eight of them. */
const longestStep = 127;

/** Moves and clicks the emulated mouse. */
export class GuestMouse {
  #lastX = -1;
  #lastY = -1;

  constructor(private readonly bus: V86Bus) {}

  /**
   * For guests with the driver for VMware's pointer. They are woken by the PS/2 mouse and then ask for the
   * position, so that has to move a little too.
   */
  moveTo(x: number, y: number, width: number, height: number): void {
    if (x === this.#lastX && y === this.#lastY) return;
    this.bus.send('mouse-absolute', [x, y, Math.max(1, width - 1), Math.max(1, height - 1)]);
    this.bus.send('mouse-delta', [x < this.#lastX ? -1 : 1, 0]);
    this.#lastX = x;
    this.#lastY = y;
  }

  /** In pixels; positive is right and down, where the PS/2 mouse counts up as positive. */
  moveBy(dx: number, dy: number): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / longestStep));
    for (let step = 1; step <= steps; step++) {
      const part = (whole: number) =>
        Math.round((whole * step) / steps) - Math.round((whole * (step - 1)) / steps);
      this.bus.send('mouse-delta', [part(dx), -part(dy)]);
    }
  }

  buttons({ left, middle, right }: PointerButtons): void {
    this.bus.send('mouse-click', [left, middle, right]);
  }

  /** In steps; positive is down. The emulated wheel turns in one direction only. */
  wheel(dy: number): void {
    if (dy !== 0) this.bus.send('mouse-wheel', [-Math.sign(dy), 0]);
  }
}
