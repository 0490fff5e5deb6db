import { byteStreamOver, type StreamChannel } from '@shared/ipc/byte-stream';
import { decodeStatistics, type MachineStatistics, type StatisticsMessage } from '@shared/machine/statistics';

/** The first message of a statistics stream that fits; rejects after `limitMs`, or when the stream ends. */
export function statisticsWhere<T>(
  channel: StreamChannel,
  pick: (message: StatisticsMessage) => T | undefined,
  limitMs = 60_000,
): Promise<T> {
  const stream = byteStreamOver(channel);
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('No such statistics came')), limitMs);
    stream.onClose(() => reject(new Error('The stream of statistics has ended')));
    stream.onData((data) => {
      const found = pick(decodeStatistics(data));
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
      stream.close();
    });
  });
}

/** The first sample that fits. */
export function sampleWhere(
  channel: StreamChannel,
  fits: (statistics: MachineStatistics) => boolean = () => true,
  limitMs?: number,
): Promise<MachineStatistics> {
  return statisticsWhere(
    channel,
    (message) => (message.kind === 'sample' && fits(message.statistics) ? message.statistics : undefined),
    limitMs,
  );
}
