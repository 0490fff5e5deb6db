import type { DiskRates, MachineStatistics, NicRates } from '@shared/machine/statistics';

/** Totals since the machine began. Parts may come and go. */
export interface Totals {
  /** Seconds of processor time. */
  cpu: number;
  /** Seconds of each virtual processor; empty where they cannot be told apart. */
  vcpus: readonly number[];
  pictures: number;
  disks: readonly DiskRates[];
  nics: readonly NicRates[];
}

/** What is measured by rates. */
export type Rates = Omit<MachineStatistics, 'memoryBytes' | 'guestMemory' | 'addresses'>;

/** Turns totals into rates, from one call to the next. */
export class RateMeter {
  #time = performance.now();

  constructor(private before: Totals) {}

  rates(after: Totals): Rates {
    const { before } = this;
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#time) / 1000);
    this.before = after;
    this.#time = now;
    const rate = (total: number, earlier = 0): number => Math.max(0, total - earlier) / seconds;
    const disks = perSecond(after.disks, before.disks, rate);
    const nics = perSecond(after.nics, before.nics, rate);
    return {
      cpu: rate(after.cpu, before.cpu),
      vcpus: after.vcpus.map((total, index) => rate(total, before.vcpus[index] ?? total)),
      framesPerSecond: rate(after.pictures, before.pictures),
      diskReadBytes: sum(disks, ({ readBytes }) => readBytes),
      diskWriteBytes: sum(disks, ({ writeBytes }) => writeBytes),
      netReceiveBytes: sum(nics, ({ receiveBytes }) => receiveBytes),
      netSendBytes: sum(nics, ({ sendBytes }) => sendBytes),
      disks,
      nics,
    };
  }
}

/** Statistics of a machine that lives in this process. */
export class OwnProcessMeter {
  readonly #meter: RateMeter;

  constructor(private readonly totals: () => Omit<Totals, 'cpu' | 'vcpus'>) {
    this.#meter = new RateMeter(this.#all());
  }

  read(): MachineStatistics {
    return {
      ...this.#meter.rates(this.#all()),
      memoryBytes: process.memoryUsage.rss(),
      guestMemory: null,
    };
  }

  /** The processor shares its thread with the screen and the disks, so that only their sum is known. */
  #all(): Totals {
    return { ...this.totals(), cpu: ownCpuSeconds(), vcpus: [] };
  }
}

/** Seconds of processor time that this process has used. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function sum<T>(parts: readonly T[], pick: (part: T) => number): number {
  return parts.reduce((total, part) => total + pick(part), 0);
}

/** A part that is new begins at zero, like one whose counter went back. */
function perSecond<T extends DiskRates | NicRates>(
  after: readonly T[],
  before: readonly T[],
  rate: (total: number, earlier?: number) => number,
): T[] {
  return after.map((part) => {
    const earlier = before.find(({ id }) => id === part.id) as Record<string, unknown> | undefined;
    const entries = Object.entries(part).map(([name, value]): [string, unknown] => {
      const from = earlier?.[name];
      return [name, typeof value === 'number' ? rate(value, typeof from === 'number' ? from : 0) : value];
    });
    return Object.fromEntries(entries) as T;
  });
}
