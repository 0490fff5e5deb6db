import { z } from 'zod';

/** Ids of parts come from configurations; they only ever serve as keys. */
const partId = z.string().max(32);

/** What a disk or a drive has done, a second. */
export const diskRates = z.object({
  id: partId,
  readBytes: z.number(),
  writeBytes: z.number(),
  reads: z.number(),
  writes: z.number(),
});
export type DiskRates = z.infer<typeof diskRates>;

/** What has gone through a network card, a second. `receive` is to the guest, `send` from it. */
export const nicRates = z.object({
  id: partId,
  receiveBytes: z.number(),
  sendBytes: z.number(),
  receiveFrames: z.number(),
  sendFrames: z.number(),
});
export type NicRates = z.infer<typeof nicRates>;

/** The guest's memory as its balloon tells, in bytes. What the guest's driver does not tell is null. */
export const guestMemory = z.object({
  /** What the guest has now: the machine's memory less what is in the balloon. */
  currentBytes: z.number(),
  /** Whether the guest has a driver that answers. */
  driver: z.boolean(),
  totalBytes: z.number().nullable(),
  freeBytes: z.number().nullable(),
  /** What new programs could have without swapping (Linux's `MemAvailable`). */
  availableBytes: z.number().nullable(),
});
export type GuestMemory = z.infer<typeof guestMemory>;

/** One second of a running machine. Rates per second; `cpu` in cores (1 = one whole core). */
export const machineStatistics = z.object({
  /** Of everything that the machine needs on the host. */
  cpu: z.number(),
  /** Of each virtual processor, in order; empty where the engine or the host does not tell them apart. */
  vcpus: z.array(z.number()).max(1024),
  /** Resident on the host. */
  memoryBytes: z.number(),
  /** Null without a balloon. */
  guestMemory: guestMemory.nullable(),
  framesPerSecond: z.number(),
  /** Sums over the disks and over the cards. */
  diskReadBytes: z.number(),
  diskWriteBytes: z.number(),
  netReceiveBytes: z.number(),
  netSendBytes: z.number(),
  disks: z.array(diskRates).max(64),
  nics: z.array(nicRates).max(64),
  /** Network addresses that the guest says it has; absent where nothing in it tells them. */
  addresses: z.array(z.string().max(64)).max(256).optional(),
});
export type MachineStatistics = z.infer<typeof machineStatistics>;

/** A sample's numbers by name: `cpu`, `vcpu:0`, `disk:disk0:reads`, `nic:nic0:sendBytes` … */
export function seriesOf(sample: MachineStatistics): Map<string, number> {
  const series = new Map<string, number>([
    ['cpu', sample.cpu],
    ['memory', sample.memoryBytes],
    ['frames', sample.framesPerSecond],
  ]);
  sample.vcpus.forEach((cpu, index) => series.set(`vcpu:${index}`, cpu));
  if (sample.guestMemory) {
    const { currentBytes, totalBytes, availableBytes } = sample.guestMemory;
    series.set('guest:current', currentBytes);
    if (totalBytes !== null && availableBytes !== null) series.set('guest:used', totalBytes - availableBytes);
  }
  for (const { id, ...rates } of sample.disks) addRates(series, `disk:${id}`, rates);
  for (const { id, ...rates } of sample.nics) addRates(series, `nic:${id}`, rates);
  return series;
}

function addRates(series: Map<string, number>, name: string, rates: Record<string, number>): void {
  for (const [what, rate] of Object.entries(rates)) series.set(`${name}:${what}`, rate);
}

/** A stretch of time as columns: `times` in milliseconds since 1970, rising; each column is as long, with null for gaps. */
export const statisticsColumns = z.object({
  times: z.array(z.number()).max(10_000),
  columns: z.record(z.string().max(100), z.array(z.number().nullable()).max(10_000)),
});
export type StatisticsColumns = z.infer<typeof statisticsColumns>;

/**
 * A message of the statistics stream, as JSON in UTF-8. The first one, for who asked for it, holds what was before;
 * then one comes each second.
 */
export const statisticsMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('history'), fine: statisticsColumns, coarse: statisticsColumns }),
  z.object({ kind: z.literal('sample'), time: z.number(), statistics: machineStatistics }),
]);
export type StatisticsMessage = z.infer<typeof statisticsMessage>;

/** How a stream of statistics carries a message. */
export function encodeStatistics(message: StatisticsMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws SyntaxError, ZodError: it is no message */
export function decodeStatistics(data: Uint8Array): StatisticsMessage {
  return statisticsMessage.parse(JSON.parse(new TextDecoder().decode(data)));
}
