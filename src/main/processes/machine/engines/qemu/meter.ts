import type { MachineStatistics } from '@shared/machine/summary';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { processUsage } from './process-identity';

interface Totals {
  time: number;
  /** Seconds of processor time. */
  cpu: number;
  memory: number;
  pictures: number;
  read: number;
  written: number;
}

/** Measures a QEMU and the process that watches over it, from one reading to the next. */
export class QemuMeter {
  #before: Totals = { time: performance.now(), cpu: 0, memory: 0, pictures: 0, read: 0, written: 0 };

  /**
   * @param pid QEMU's
   * @param pictures taken by viewers since the machine began
   */
  constructor(
    private readonly client: QmpClient,
    private readonly pid: number,
    private readonly pictures: () => number,
  ) {}

  /** @throws Failure when QEMU is gone */
  async read(): Promise<MachineStatistics> {
    const before = this.#before;
    const after = await this.#totals();
    this.#before = after;
    const seconds = Math.max(0.001, (after.time - before.time) / 1000);
    const rate = (name: 'cpu' | 'pictures' | 'read' | 'written'): number =>
      Math.max(0, after[name] - before[name]) / seconds;
    return {
      cpu: rate('cpu'),
      memoryBytes: after.memory,
      framesPerSecond: rate('pictures'),
      diskReadBytes: rate('read'),
      diskWriteBytes: rate('written'),
      // QEMU does not count what goes through a network card; the switch at the other end of the cable does.
      netReceiveBytes: 0,
      netSendBytes: 0,
    };
  }

  async #totals(): Promise<Totals> {
    const [devices, usage] = await Promise.all([
      this.client.execute('query-blockstats', {}),
      processUsage(this.pid),
    ]);
    const own = process.cpuUsage();
    const sum = (name: 'rd_bytes' | 'wr_bytes'): number =>
      devices.reduce((total, { stats }) => total + stats[name], 0);
    return {
      time: performance.now(),
      cpu: (usage?.cpu ?? 0) + (own.user + own.system) / 1e6,
      memory: (usage?.memory ?? 0) + process.memoryUsage.rss(),
      pictures: this.pictures(),
      read: sum('rd_bytes'),
      written: sum('wr_bytes'),
    };
  }
}
