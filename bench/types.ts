/** One line of `npm run bench -- --json`. */
export interface BenchResult {
  name: string;
  /** The median of at least five measurements, unless the name says otherwise. */
  value: number;
  unit: string;
  /** What it is measured against in the same run. */
  peer: string | null;
  peerValue: number | null;
  /** `value / peerValue`, or null without a peer. */
  ratio: number | null;
  /** The goal in words, e.g. `ratio >= 0.98`. */
  goal: string;
  ok: boolean;
}

/** What each file of this folder exports as its default. */
export interface Bench {
  name: string;
  run(): Promise<BenchResult[]>;
}
