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
  /** QEMU is new when this is made; this process has used its time for something else before. */
  #before: Totals = { time: performance.now(), cpu: ownCpu(), memory: 0, pictures: 0, read: 0, written: 0 };

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
    const sum = (name: 'rd_bytes' | 'wr_bytes'): number =>
      devices.reduce((total, { stats }) => total + stats[name], 0);
    return {
      time: performance.now(),
      cpu: (usage?.cpu ?? 0) + ownCpu(),
      memory: (usage?.memory ?? 0) + process.memoryUsage.rss(),
      pictures: this.pictures(),
      read: sum('rd_bytes'),
      written: sum('wr_bytes'),
    };
  }
}

/** Seconds of processor time that this process has used. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
