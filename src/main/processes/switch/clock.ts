/** The time as a layer sees it, so that tests can let it pass. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds. Returns a function that prevents it. */
  after(ms: number, action: () => void): () => void;
  /** Calls `action` when what is being done now is done. */
  soon(action: () => void): void;
}

/** The computer's own time. What waits for it keeps nobody from ending. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (action) => void setImmediate(action),
};
