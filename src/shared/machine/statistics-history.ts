import type { StatisticsColumns } from './statistics';

/** Ten minutes of seconds, and two hours of ten seconds each. */
const fineLength = 600;
const coarseLength = 720;
/** Samples that are averaged into a coarse one. */
const coarseStep = 10;

/** The last values of several series, in rings of a fixed length. */
class Ring {
  readonly #times: Float64Array;
  readonly #columns = new Map<string, Float32Array>();
  /** Where the next sample goes. */
  #next = 0;
  #count = 0;

  constructor(private readonly length: number) {
    this.#times = new Float64Array(length);
  }

  push(time: number, values: ReadonlyMap<string, number>): void {
    this.#times[this.#next] = time;
    for (const column of this.#columns.values()) column[this.#next] = NaN;
    for (const [name, value] of values) this.#column(name)[this.#next] = value;
    this.#next = (this.#next + 1) % this.length;
    this.#count = Math.min(this.#count + 1, this.length);
    if (this.#next === 0) this.#forget();
  }

  /** The newest values of one series, at most so many. */
  last(name: string, count: number): (number | null)[] {
    const column = this.#columns.get(name);
    return this.#order(count).map((at) => told(column?.[at]));
  }

  columns(): StatisticsColumns {
    const order = this.#order(this.#count);
    return {
      times: order.map((at) => this.#times[at] ?? 0),
      columns: Object.fromEntries(
        [...this.#columns].map(([name, column]) => [name, order.map((at) => told(column[at]))]),
      ),
    };
  }

  /** Where the newest samples lie, the oldest of them first. */
  #order(count: number): number[] {
    const length = Math.min(count, this.#count);
    const first = this.#next - length + this.length;
    return Array.from({ length }, (_, index) => (first + index) % this.length);
  }

  #column(name: string): Float32Array {
    const known = this.#columns.get(name);
    if (known) return known;
    const column = new Float32Array(this.length).fill(NaN);
    this.#columns.set(name, column);
    return column;
  }

  /** Drops the series of parts that were taken out of the machine long ago. */
  #forget(): void {
    for (const [name, column] of this.#columns) if (column.every(Number.isNaN)) this.#columns.delete(name);
  }
}

/** Four digits are more than a chart shows, and keep messages short. */
function told(value = NaN): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(4));
}

/**
 * What a machine did: ten minutes second by second, and two hours as averages of ten seconds. Takes the same memory
 * however long the machine runs. A machine's process fills one, and each window that shows it has a copy.
 */
export class StatisticsHistory {
  readonly #fine = new Ring(fineLength);
  readonly #coarse = new Ring(coarseLength);
  #sums = new Map<string, { sum: number; count: number }>();
  #samples = 0;

  /** @param time milliseconds since 1970 */
  push(time: number, values: ReadonlyMap<string, number>): void {
    this.#fine.push(time, values);
    for (const [name, value] of values) {
      const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
      this.#sums.set(name, { sum: sum + value, count: count + 1 });
    }
    if (++this.#samples < coarseStep) return;
    this.#coarse.push(time, new Map([...this.#sums].map(([name, { sum, count }]) => [name, sum / count])));
    this.#sums = new Map();
    this.#samples = 0;
  }

  /** The last seconds of one series, the newest at the end. */
  recent(name: string, seconds: number): (number | null)[] {
    return this.#fine.last(name, seconds);
  }

  get fine(): StatisticsColumns {
    return this.#fine.columns();
  }

  get coarse(): StatisticsColumns {
    return this.#coarse.columns();
  }

  /** The averages, and the seconds that are not in one yet. */
  get long(): StatisticsColumns {
    const { fine, coarse } = this;
    const end = coarse.times.at(-1) ?? -Infinity;
    const rest = fine.times.filter((time) => time > end).length;
    const names = new Set([...Object.keys(coarse.columns), ...Object.keys(fine.columns)]);
    const gap = (length: number): null[] => new Array<null>(length).fill(null);
    const joined = (name: string): (number | null)[] => [
      ...(coarse.columns[name] ?? gap(coarse.times.length)),
      ...(fine.columns[name] ?? gap(fine.times.length)).slice(fine.times.length - rest),
    ];
    return {
      times: [...coarse.times, ...fine.times.slice(fine.times.length - rest)],
      columns: Object.fromEntries([...names].map((name) => [name, joined(name)])),
    };
  }

  /** A copy of another process's history, to go on from. Precondition: nothing has been pushed. */
  restore(fine: StatisticsColumns, coarse: StatisticsColumns): void {
    fill(this.#fine, fine);
    fill(this.#coarse, coarse);
  }
}

function fill(ring: Ring, { times, columns }: StatisticsColumns): void {
  times.forEach((time, index) => {
    const values = new Map<string, number>();
    for (const [name, column] of Object.entries(columns)) {
      const value = column[index];
      if (typeof value === 'number') values.set(name, value);
    }
    ring.push(time, values);
  });
}
