import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { chord } from './key-codes';
import { chordsOf } from './us-layout';

/**
 * From one movement of a key to the next, in milliseconds. A USB keyboard tells one in 8 to 10 ms, and the
 * emulated ones keep few (QEMU's 16) for a guest that looks later: what comes faster is lost.
 */
const moveMs = 15;
/** Between two looks at a machine that is paused. */
const waitMs = 100;

/** Types texts for a person, one at a time and no faster than guests can follow. */
export class Typist {
  #busy = false;

  /** @param state nothing is typed while the machine is paused, and the rest is forgotten when it is over */
  constructor(private readonly state: () => 'running' | 'paused' | 'over') {}

  /**
   * Returns when typing has begun.
   * @param send takes the bytes of one movement of a key, in scan code set 1; where it throws, typing ends
   * @throws Failure `input.invalid` as `chordsOf`, `machine.wrong-state` while the last text is still being typed
   */
  begin(text: string, send: (bytes: number[]) => void): void {
    const chords = chordsOf(text);
    if (this.#busy) {
      throw new Failure('machine.wrong-state', phrase('consoleUse.stillTyping'), {
        hint: phrase('consoleUse.stillTypingHint'),
      });
    }
    this.#busy = true;
    void this.#type(chords, send).finally(() => (this.#busy = false));
  }

  async #type(chords: (readonly string[])[], send: (bytes: number[]) => void): Promise<void> {
    for (const keys of chords) {
      while (this.state() === 'paused') await pause(waitMs);
      if (this.state() === 'over') return;
      for (const bytes of chord(keys)) {
        try {
          send(bytes);
        } catch {
          return; // the machine has gone
        }
        await pause(moveMs);
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
