import type { NicRates } from '@shared/machine/statistics';
import { type NetworkStatistics, partsOfPort } from '@shared/network/report';
import type { Machine } from './machine';

/** Engines whose machines do not count what goes through their network cards. */
const uncounted: ReadonlySet<string> = new Set(['qemu']);

/** Tells machines on a network what its switch has counted, for their statistics. */
export function passOnTraffic(machines: readonly Machine[], { ports }: NetworkStatistics): void {
  const nics = byMachine(ports);
  for (const { id, runner, config } of machines) {
    const counted = nics.get(id);
    if (!counted || !runner || !uncounted.has(config?.engine ?? '')) continue;
    // A machine that is just ending needs no figures.
    runner.call('traffic', { nics: counted }).catch(() => undefined);
  }
}

/** What a port receives is what its card sends. */
function byMachine(ports: NetworkStatistics['ports']): Map<string, NicRates[]> {
  const machines = new Map<string, NicRates[]>();
  for (const { port, receivedBytes, receivedFrames, sentBytes, sentFrames } of ports) {
    const { machine, nic } = partsOfPort(port);
    const nics = machines.get(machine) ?? [];
    nics.push({
      id: nic,
      receiveBytes: sentBytes,
      receiveFrames: sentFrames,
      sendBytes: receivedBytes,
      sendFrames: receivedFrames,
    });
    machines.set(machine, nics);
  }
  return machines;
}
