import type { V86Bus, V86Cpu } from './emulator-types';

/** Bytes that wait at most; a hand cannot type that far ahead. */
const queueLimit = 4096;
const retryMs = 4;

/**
 * Feeds scan codes to the emulated keyboard controller, one burst at a time: v86's controller throws away what it
 * has not delivered yet when the guest sends it a command, as operating systems do for the Caps Lock light.
 */
export class GuestKeyboard {
  readonly #bursts: (readonly number[])[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: V86Bus,
    private readonly ps2: V86Cpu['devices']['ps2'],
  ) {}

  /** @param bytes one key going down or up, in scan code set 1 */
  send(bytes: readonly number[]): void {
    if (bytes.length === 0 || this.#bytes + bytes.length > queueLimit) return;
    this.#bursts.push(bytes);
    this.#bytes += bytes.length;
    if (!this.#timer) this.#pump();
  }

  /** Forgets what the guest has not taken. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#bursts.length = 0;
    this.#bytes = 0;
  }

  #pump(): void {
    this.#timer = undefined;
    // A guest that has switched its keyboard off (or not yet on) loses keys, as with a real one.
    if (this.ps2.kbd_buffer.length === 0) {
      const burst = this.#bursts.shift() ?? [];
      this.#bytes -= burst.length;
      for (const byte of burst) this.bus.send('keyboard-code', byte);
    }
    if (this.#bursts.length > 0) this.#timer = setTimeout(() => this.#pump(), retryMs);
  }
}
