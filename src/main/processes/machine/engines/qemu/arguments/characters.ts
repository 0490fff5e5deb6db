import { isPc } from '@shared/engine/qemu/platform';
import { isParavirtual, type QemuPlan } from '../plan';
import { pipePrefix, type QemuSockets } from '../sockets';
import { json, keyValues, type JsonObject } from './escape';

/** The name of the character device of the guest agent's channel. */
export const agentLine = 'agent-line';
/** The name of the device by which a guest's clipboard agent is reached. */
export const clipboardPort = 'clipboard';

function line(id: string, address: string): string[] {
  if (address.startsWith(pipePrefix)) {
    return ['-chardev', keyValues('pipe', { id, path: address.slice(pipePrefix.length) })];
  }
  return ['-chardev', keyValues('socket', { id, path: address, server: true, wait: false })];
}

/** The control connection, and the monitor for people. */
export function controlArguments(sockets: QemuSockets): string[] {
  return [
    ...[...line('control', sockets.control), '-mon', 'chardev=control,mode=control'],
    ...(sockets.monitor === null
      ? []
      : [...line('monitor-line', sockets.monitor), '-mon', 'chardev=monitor-line,mode=readline']),
  ];
}

/** Serial ports, each at a socket of its own. */
export function serialArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  return Array.from({ length: plan.serialPorts }, (_, port) => [
    ...line(`serial${port}-line`, sockets.serial(port)),
    ...serialDevice(plan, port),
  ]).flat();
}

function serialDevice({ platform }: QemuPlan, port: number): string[] {
  const common = { id: `serial${port}`, chardev: `serial${port}-line` };
  const device = (value: JsonObject): string[] => ['-device', json(value)];
  if (isPc(platform)) return device({ driver: 'isa-serial', index: port, ...common });
  if (platform === 'pseries') return device({ driver: 'spapr-vty', ...common });
  if (platform === 's390-ccw-virtio') return device({ driver: 'sclpconsole', ...common });
  // The board's own port is the console; more of them come by PCI.
  return port === 0 ? ['-serial', 'chardev:serial0-line'] : device({ driver: 'pci-serial', ...common });
}

/** What systems with virtio drivers get besides: random numbers, a balloon, the channels of agents. */
export function paravirtualArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  const transport = plan.platform === 's390-ccw-virtio' ? 'ccw' : 'pci';
  const all = isParavirtual(plan.guest);
  const agent = all ? sockets.agent : null;
  const clipboard = plan.clipboard !== 'off';
  const devices: JsonObject[] = [
    ...(all ? [{ driver: `virtio-rng-${transport}`, id: 'random', rng: 'random-source' }] : []),
    ...(all ? [{ driver: `virtio-balloon-${transport}`, id: 'balloon' }] : []),
    ...(all || clipboard ? [{ driver: `virtio-serial-${transport}`, id: 'channels' }] : []),
    ...(agent !== null ? [channel(1, 'agent', agentLine, 'org.qemu.guest_agent.0')] : []),
    // The name that SPICE's agent looks for; see `clipboard-line.ts` for why it is not QEMU's `qemu-vdagent`.
    ...(clipboard ? [channel(2, clipboardPort, 'clipboard-line', 'com.redhat.spice.0')] : []),
  ];
  return [
    ...(all ? ['-object', json({ 'qom-type': 'rng-builtin', id: 'random-source' })] : []),
    ...(agent === null ? [] : line(agentLine, agent)),
    ...(clipboard ? line('clipboard-line', sockets.clipboard) : []),
    ...devices.flatMap((device) => ['-device', json(device)]),
  ];
}

function channel(nr: number, id: string, chardev: string, name: string): JsonObject {
  return { driver: 'virtserialport', bus: 'channels.0', nr, id, chardev, name };
}
