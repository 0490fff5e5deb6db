/** An idle connection is asked for after this long, and given up after so many questions. */
const idleMs = 30 * 60_000;
const maxProbes = 5;
/** A guest with a closed window that does not even say so is given up after this long. */
const maxSilenceMs = 300_000;
/** What nobody on this side takes part in any more may stand still for so long. */
const halfOpenMs = 120_000;

/** Whether the other end of a connection is still there, as far as anybody has looked. */
export class Liveness {
  /** When it was last found that it had said something. */
  private heard: number;
  private hasSpoken = false;
  private probes = 0;
  /** The time of the last progress of a connection that nobody on this side takes part in. */
  private orphaned: { since: number; left: number } | undefined;

  /** @param now milliseconds, here and in what follows */
  constructor(now: number) {
    this.heard = now;
  }

  /** It has said something. Cheap: called for every segment. */
  spoke(): void {
    this.hasSpoken = true;
    this.probes = 0;
  }

  /** Whether it has been silent for longer than one with a closed window should be. */
  isSilent(now: number): boolean {
    return this.silence(now) > maxSilenceMs;
  }

  /** From now on only what is still on its way keeps the connection. */
  orphan(now: number): void {
    this.orphaned ??= { since: now, left: Infinity };
  }

  /**
   * What is to be done about a connection that is looked at now and then.
   *
   * @param left bytes that it has not been given yet: while they become fewer, a slow cable is not at fault
   */
  judge(now: number, left: number): 'fine' | 'ask' | 'give up' {
    const { orphaned } = this;
    if (orphaned) {
      if (left < orphaned.left) this.orphaned = { since: now, left };
      else if (now - orphaned.since > halfOpenMs) return 'give up';
    }
    if (this.silence(now) < idleMs) return 'fine';
    return this.probes++ >= maxProbes ? 'give up' : 'ask';
  }

  private silence(now: number): number {
    if (this.hasSpoken) this.heard = now;
    this.hasSpoken = false;
    return now - this.heard;
  }
}
