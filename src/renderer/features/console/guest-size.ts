/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Guests round sizes to what their monitors' timings allow: this many pixels at most. */
const rounding = 16;
/** A change that comes this soon after a question is taken for the answer, on a busy computer too, in milliseconds. */
const answerMs = 15_000;

const near = (a: Size, b: Size): boolean =>
  Math.abs(a.width - b.width) <= rounding && Math.abs(a.height - b.height) <= rounding;

/**
 * Which sizes a guest is asked for. A desktop takes every one. Linux's text console does not: it has as much room as
 * its screen had when it began, shows only a corner of that on a smaller screen, and falls back to 800 × 600 when it
 * is asked for more. From outside they look the same, so that
 *
 * - a guest that starts is asked for the size of the window, whatever is there before its system;
 * - one that runs is asked only for more than it has. When it takes that, it is one that follows, and is asked for
 *   every size from then on; when it falls back, it is asked for what it had before;
 * - what it is not asked for is left to scaling.
 */
export class GuestSize {
  #follows = false;
  #guest: Size = { width: 0, height: 0 };
  /** What it has taken when it was asked the last time. */
  #had: Size | undefined;
  #asked: { size: Size; before: Size; at: number; starting: boolean } | undefined;

  /**
   * Whether to ask the guest for the size of the window.
   * @param starting its system has not had the time to take the screen
   * @param now in milliseconds
   */
  ask(size: Size, starting: boolean, now: number): boolean {
    const larger = size.width >= this.#guest.width && size.height >= this.#guest.height;
    if (!starting && !this.#follows && !larger) return false;
    this.#asked = { size, before: this.#guest, at: now, starting };
    return true;
  }

  /** A person says that the guest follows: it is believed until it falls back. */
  insist(): void {
    this.#follows = true;
  }

  /** The guest has a new size. Gives another one to ask it for, where it has fallen back. */
  took(size: Size, now: number): Size | undefined {
    this.#guest = size;
    const asked = this.#asked;
    if (!asked) return undefined;
    const soon = now - asked.at <= answerMs;
    if (near(size, asked.size)) {
      // A system that starts takes the size when it gets to its screen, however late that is.
      this.#had = size;
      this.#follows ||= soon && !asked.starting;
      return undefined;
    }
    if (!soon) return undefined;
    const { before, starting } = asked;
    // While a system starts the screen changes anyway; what it had is its own if it has taken that.
    if (starting && !(this.#had && near(before, this.#had))) return undefined;
    this.#asked = undefined;
    this.#follows = false;
    return near(size, before) || before.width === 0 ? undefined : before;
  }
}
