import { byteStreamOver, type StreamChannel } from '@shared/ipc/byte-stream';
import { encodeStatistics, type MachineStatistics, seriesOf } from '@shared/machine/statistics';
import { StatisticsHistory } from '@shared/machine/statistics-history';

const MiB = 2 ** 20;
/** How much there is to see at once, in seconds. */
const past = 8 * 60;

/** A machine that has its ups and downs. */
function sampleAt(time: number, busy: boolean): MachineStatistics {
  const wave = busy ? 0.5 + 0.4 * Math.sin(time / 30_000) : 0;
  const burst = busy && Math.sin(time / 7000) > 0.7 ? 1 : 0;
  const disk = { readBytes: 1e6 * wave, writeBytes: 4e5 * burst, reads: 90 * wave, writes: 40 * burst };
  const nic = {
    receiveBytes: 120e3 * burst,
    sendBytes: 9e3 * wave,
    receiveFrames: 90 * burst,
    sendFrames: 20 * wave,
  };
  return {
    cpu: 1.4 * wave,
    vcpus: [0.9 * wave, 0.4 * wave],
    memoryBytes: 310 * MiB,
    guestMemory: {
      currentBytes: 768 * MiB,
      driver: true,
      totalBytes: 740 * MiB,
      freeBytes: (400 - 200 * wave) * MiB,
      availableBytes: (520 - 200 * wave) * MiB,
    },
    framesPerSecond: 30,
    diskReadBytes: disk.readBytes,
    diskWriteBytes: disk.writeBytes,
    netReceiveBytes: nic.receiveBytes,
    netSendBytes: nic.sendBytes,
    disks: [{ id: 'disk0', ...disk }],
    nics: [{ id: 'nic0', ...nic }],
  };
}

/** Serves a stream of statistics as a machine's process does. */
export function sendStatistics(channel: StreamChannel, withHistory: boolean, busy: () => boolean): void {
  const stream = byteStreamOver(channel);
  if (withHistory) {
    const history = new StatisticsHistory();
    for (let second = past; second > 0; second--) {
      const time = Date.now() - second * 1000;
      history.push(time, seriesOf(sampleAt(time, busy())));
    }
    stream.send(encodeStatistics({ kind: 'history', fine: history.fine, coarse: history.coarse }));
  }
  const tell = (): void => {
    const time = Date.now();
    stream.send(encodeStatistics({ kind: 'sample', time, statistics: sampleAt(time, busy()) }));
  };
  tell();
  const timer = setInterval(tell, 1000);
  stream.onClose(() => clearInterval(timer));
}
