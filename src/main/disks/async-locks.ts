/** Lets one asynchronous section run at a time, in the order of the calls. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(section: () => Promise<T>): Promise<T> {
    const result = this.tail.then(section);
    // The chain goes on after a failure; whoever called `run` is the one who hears of it.
    this.tail = result.catch(() => undefined);
    return result;
  }
}

interface Claim {
  from: number;
  to: number;
  exclusive: boolean;
  grant: (() => void) | undefined;
}

/**
 * Locks ranges of whole numbers: claims that overlap wait for one another if one of them is exclusive, in the
 * order in which they came.
 */
export class RangeLock {
  private readonly claims: Claim[] = [];

  /** Runs `section` while it holds `from` to `to` (not included). */
  async run<T>(from: number, to: number, exclusive: boolean, section: () => Promise<T>): Promise<T> {
    const claim: Claim = { from, to, exclusive, grant: undefined };
    this.claims.push(claim);
    if (this.mustWait(claim)) await new Promise<void>((resolve) => (claim.grant = resolve));
    try {
      return await section();
    } finally {
      this.claims.splice(this.claims.indexOf(claim), 1);
      this.grantWaiting();
    }
  }

  private mustWait(claim: Claim): boolean {
    for (const other of this.claims) {
      if (other === claim) return false;
      const overlap = other.from < claim.to && claim.from < other.to;
      if (overlap && (other.exclusive || claim.exclusive)) return true;
    }
    return false;
  }

  private grantWaiting(): void {
    for (const claim of this.claims) {
      if (claim.grant === undefined || this.mustWait(claim)) continue;
      const { grant } = claim;
      claim.grant = undefined;
      grant();
    }
  }
}
