import {
  switchProcessCommands,
  type SwitchProcessCommands,
  type SwitchProcessEvents,
} from '@shared/ipc/switch-process';
import { serveRpc } from '@shared/ipc/rpc';
import { connectToParent } from '../../platform/parent-link';
import { VirtualSwitch } from './virtual-switch';

/** The entry of a virtual network's process. */

const statisticsMs = 1000;
/** Time for the last answer to leave, and for writing when main is gone; milliseconds. */
const farewellMs = 50;
const orphanMs = 3000;

const link = connectToParent();
const network = new VirtualSwitch({
  events: {
    link: (port, state, reason) => server.emit('link', { port, state, reason }),
    leases: (leases) => server.emit('leases', { leases }),
    uplink: (report) => server.emit('uplink', report),
    log: (line) => server.emit('log', { line: line.slice(0, 4000) }),
  },
});
const server = serveRpc<SwitchProcessCommands, SwitchProcessEvents, void>(
  link,
  switchProcessCommands,
  {
    configure: async ({ network: config, leasesPath, uplink }) => {
      const forwards = await network.configure(config, leasesPath);
      await network.setUplink(config.id, config.uplink?.device ?? '', uplink);
      return { forwards, proxy: await network.setProxy(config.proxy?.port) };
    },
    plug: (request) => network.plug(request),
    unplug: ({ port }) => network.unplug(port),
    leases: () => network.leases(),
    flows: () => network.flows(),
    startCapture: (request) => network.startCapture(request),
    stopCapture: () => network.stopCapture(),
    captureStatus: () => network.captureStatus(),
    packets: ({ after, limit, filter }) => network.captured().page(after, limit, filter),
    packet: ({ number }) => network.captured().detail(number),
    followStream: ({ number }) => network.captured().follow(number),
    saveCapture: ({ path, filter }) => network.captured().save(path, filter),
    end: async () => {
      await network.close();
      setTimeout(() => process.exit(0), farewellMs);
    },
  },
  undefined,
  (reason) => server.emit('log', { line: `Refused: ${reason}`.slice(0, 4000) }),
);

let told = '';
setInterval(() => {
  const statistics = network.statistics();
  const text = JSON.stringify(statistics);
  if (text !== told) server.emit('statistics', statistics);
  told = text;
}, statisticsMs);

link.onClose(() => {
  setTimeout(() => process.exit(0), orphanMs);
  void network.close().finally(() => process.exit(0));
});
// Ctrl+C in a terminal and the end of a session go to every process there; what becomes of the networks is main's
// decision. They are there until the machines have been put away.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
