/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Guests round sizes to what their monitors' timings allow: this many pixels at most. */
const rounding = 16;
/** A change that comes this soon after a question is taken for the answer, in milliseconds. */
const answerMs = 5000;

const near = (a: Size, b: Size): boolean =>
  Math.abs(a.width - b.width) <= rounding && Math.abs(a.height - b.height) <= rounding;

/**
 * What a guest makes of the sizes that it is asked for. One that cannot have a size may fall back to something much
 * smaller: Linux's text console has no more room than its screen had when it began, and takes 800 × 600 when it is
 * asked for more. Such a guest is asked for as much as it has taken before, and the window scales that.
 */
export class GuestSize {
  #asked: { size: Size; at: number } | undefined;
  /** The largest width and the largest height that it has taken. */
  #taken: Size | undefined;

  /** The guest is asked for the size of the window. @param now in milliseconds */
  ask(size: Size, now: number): void {
    this.#asked = { size, at: now };
  }

  /** The guest has a new size. Gives another one to ask it for, where it has fallen back. */
  took(size: Size, now: number): Size | undefined {
    const asked = this.#asked;
    if (!asked || now - asked.at > answerMs) return undefined;
    if (near(size, asked.size)) {
      this.#taken = {
        width: Math.max(size.width, this.#taken?.width ?? 0),
        height: Math.max(size.height, this.#taken?.height ?? 0),
      };
      return undefined;
    }
    this.#asked = undefined;
    if (!this.#taken) return undefined;
    const possible = {
      width: Math.min(asked.size.width, this.#taken.width),
      height: Math.min(asked.size.height, this.#taken.height),
    };
    return near(possible, asked.size) || near(possible, size) ? undefined : possible;
  }
}
