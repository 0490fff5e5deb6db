import type { MachineStatistics } from '@shared/machine/summary';

/** Totals since the machine began. */
export interface Totals {
  pictures: number;
  diskReadBytes: number;
  diskWriteBytes: number;
  netReceiveBytes: number;
  netSendBytes: number;
}

/** Turns totals into rates, from one call to the next. */
export class StatisticsMeter {
  #time = performance.now();
  #cpu = process.cpuUsage();
  #before: Totals;

  constructor(private readonly totals: () => Totals) {
    this.#before = totals();
  }

  read(): MachineStatistics {
    const now = performance.now();
    const cpu = process.cpuUsage();
    const after = this.totals();
    const before = this.#before;
    const seconds = Math.max(0.001, (now - this.#time) / 1000);
    const microseconds = cpu.user + cpu.system - this.#cpu.user - this.#cpu.system;
    this.#time = now;
    this.#cpu = cpu;
    this.#before = after;
    const rate = (name: keyof Totals): number => Math.max(0, after[name] - before[name]) / seconds;
    return {
      cpu: microseconds / 1e6 / seconds,
      memoryBytes: process.memoryUsage.rss(),
      framesPerSecond: rate('pictures'),
      diskReadBytes: rate('diskReadBytes'),
      diskWriteBytes: rate('diskWriteBytes'),
      netReceiveBytes: rate('netReceiveBytes'),
      netSendBytes: rate('netSendBytes'),
    };
  }
}
