import type { DiskRates, MachineStatistics, NicRates } from '@shared/machine/statistics';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { ownCpuSeconds, RateMeter, type Totals } from '../../statistics';
import type { Balloon } from './balloon';
import { processUsage } from './process-identity';
import { VcpuThreads } from './vcpu-threads';

/** QEMU is new when its meter is made. */
const nothing: Totals = { cpu: 0, vcpus: [], pictures: 0, disks: [], nics: [] };

/** Measures a QEMU and the process that watches over it, from one reading to the next. */
export class QemuMeter {
  readonly #threads: VcpuThreads;
  /** This process has used its time for something else before. */
  readonly #meter = new RateMeter({ ...nothing, cpu: ownCpuSeconds() });
  /** QEMU does not count what goes through a network card; the switch at the other end of the cable does. */
  #nics: readonly NicRates[] = [];

  /**
   * @param pid QEMU's
   * @param pictures taken by viewers since the machine began
   */
  constructor(
    private readonly client: QmpClient,
    private readonly pid: number,
    private readonly balloon: Balloon,
    private readonly pictures: () => number,
  ) {
    this.#threads = new VcpuThreads(client, pid);
  }

  /** @param nics totals of the machine's cards, counted by their switches */
  tellTraffic(nics: readonly NicRates[]): void {
    const told = new Set(nics.map(({ id }) => id));
    this.#nics = [...this.#nics.filter(({ id }) => !told.has(id)), ...nics];
  }

  /** @throws Failure when QEMU is gone */
  async read(watched: boolean): Promise<MachineStatistics> {
    const [disks, usage, vcpus, guestMemory] = await Promise.all([
      this.#disks(),
      processUsage(this.pid),
      this.#threads.read(),
      this.balloon.read(watched),
    ]);
    const totals = {
      cpu: (usage?.cpu ?? 0) + ownCpuSeconds(),
      vcpus,
      pictures: this.pictures(),
      disks,
      nics: this.#nics,
    };
    return {
      ...this.#meter.rates(totals),
      memoryBytes: (usage?.memory ?? 0) + process.memoryUsage.rss(),
      guestMemory,
    };
  }

  async #disks(): Promise<DiskRates[]> {
    const devices = await this.client.execute('query-blockstats', {});
    return devices.flatMap(({ qdev, stats }) => {
      const id = deviceId(qdev);
      if (id === undefined) return []; // firmware in flash
      return {
        id,
        readBytes: stats.rd_bytes,
        writeBytes: stats.wr_bytes,
        reads: stats.rd_operations,
        writes: stats.wr_operations,
      };
    });
  }
}

/** The id that a device was given: QEMU tells it alone, or in a path of its object tree. */
function deviceId(qdev: string | undefined): string | undefined {
  return /^(?:\/machine\/peripheral\/)?([\w.-]+)/.exec(qdev ?? '')?.[1];
}
