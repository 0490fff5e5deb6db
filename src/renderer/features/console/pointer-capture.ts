import { buttonMask, maskOfButtons } from './rfb-messages';

/** Turns of a wheel, in pixels, that make one step; browsers report lines as 1 and pages as more. */
const wheelStepPixels = 50;
const wheelLinePixels = 19;

/** Where captured movement goes: the mask of a PointerEvent and whole pixels. */
export type SendMovement = (mask: number, dx: number, dy: number) => void;

/** Adds up movement and turns of the wheel, which browsers give in fractions, and sends whole ones. */
export class MovementSender {
  #mask = 0;
  #restX = 0;
  #restY = 0;
  #wheelX = 0;
  #wheelY = 0;

  constructor(private readonly send: SendMovement) {}

  move(dx: number, dy: number, buttons: number): void {
    this.#mask = maskOfButtons(buttons);
    this.#restX += dx;
    this.#restY += dy;
    const wholeX = Math.trunc(this.#restX);
    const wholeY = Math.trunc(this.#restY);
    if (wholeX === 0 && wholeY === 0) return;
    this.#restX -= wholeX;
    this.#restY -= wholeY;
    this.send(this.#mask, wholeX, wholeY);
  }

  buttons(buttons: number): void {
    const mask = maskOfButtons(buttons);
    if (mask === this.#mask) return;
    this.#mask = mask;
    this.send(mask, 0, 0);
  }

  /** @param mode `WheelEvent.deltaMode`: 0 pixels, else lines or pages */
  wheel(dx: number, dy: number, mode: number): void {
    const unit = mode === 0 ? 1 : wheelLinePixels;
    this.#wheelX = this.#turn(this.#wheelX + dx * unit, buttonMask.wheelLeft, buttonMask.wheelRight);
    this.#wheelY = this.#turn(this.#wheelY + dy * unit, buttonMask.wheelUp, buttonMask.wheelDown);
  }

  /** Nothing stays pressed in the guest. */
  release(): void {
    this.#restX = this.#restY = this.#wheelX = this.#wheelY = 0;
    this.buttons(0);
  }

  #turn(turned: number, back: number, forth: number): number {
    if (Math.abs(turned) < wheelStepPixels) return turned;
    const bit = turned < 0 ? back : forth;
    this.send(this.#mask | bit, 0, 0);
    this.send(this.#mask, 0, 0);
    return 0;
  }
}

export interface PointerCapture {
  /** While false the viewer has the mouse for itself. */
  setRelative(relative: boolean): void;
  release(): void;
  dispose(): void;
}

/**
 * For guests whose mouse only knows movement: a click on `area` captures the mouse (Pointer Lock), and until it is
 * let go all its events become movement. The viewer inside `area` sees none of them.
 */
export function capturePointer(
  area: HTMLElement,
  canvas: () => HTMLElement | undefined,
  send: SendMovement,
  changed: (captured: boolean) => void,
  refused: (reason: unknown) => void,
): PointerCapture {
  const sender = new MovementSender(send);
  let relative = false;
  const captured = (): boolean => document.pointerLockElement === area;

  function onMouse(event: MouseEvent): void {
    if (!relative) return;
    event.stopPropagation();
    if (event.type !== 'mousedown' || captured()) event.preventDefault();
    if (captured()) {
      if (event.type === 'mousemove') sender.move(event.movementX, event.movementY, event.buttons);
      else if (event.type === 'mousedown' || event.type === 'mouseup') sender.buttons(event.buttons);
      return;
    }
    const onScreen = event.target instanceof HTMLCanvasElement;
    if (event.type === 'mousedown' && event.button === 0 && onScreen) {
      event.preventDefault();
      canvas()?.focus({ preventScroll: true });
      void request();
    }
  }

  function onWheel(event: WheelEvent): void {
    if (!relative) return;
    event.stopPropagation();
    if (!captured()) return;
    event.preventDefault();
    sender.wheel(event.deltaX, event.deltaY, event.deltaMode);
  }

  async function request(): Promise<void> {
    try {
      await area.requestPointerLock();
    } catch (reason) {
      refused(reason);
    }
  }

  function onChange(): void {
    if (!captured()) sender.release();
    changed(captured());
  }

  const mouseEvents = ['mousedown', 'mouseup', 'mousemove', 'click', 'contextmenu', 'auxclick'] as const;
  for (const name of mouseEvents) area.addEventListener(name, onMouse, true);
  area.addEventListener('wheel', onWheel, { capture: true, passive: false });
  document.addEventListener('pointerlockchange', onChange);

  function release(): void {
    if (captured()) document.exitPointerLock();
  }

  return {
    setRelative(value) {
      relative = value;
      if (!value) release();
    },
    release,
    dispose() {
      release();
      for (const name of mouseEvents) area.removeEventListener(name, onMouse, true);
      area.removeEventListener('wheel', onWheel, true);
      document.removeEventListener('pointerlockchange', onChange);
    },
  };
}
