import { isPc } from '@shared/engine/qemu/platform';
import { isParavirtual, type QemuPlan } from '../plan';
import type { QemuSockets } from '../sockets';
import { json, keyValues, type JsonObject } from './escape';

/** The name of the character device of the guest agent's channel. */
export const agentLine = 'agent-line';

function socket(id: string, path: string): string[] {
  return ['-chardev', keyValues('socket', { id, path, server: true, wait: false })];
}

/** The control connection. */
export function controlArguments(sockets: QemuSockets): string[] {
  return [...socket('control', sockets.control), '-mon', 'chardev=control,mode=control'];
}

/** Serial ports, each at a socket of its own. */
export function serialArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  return Array.from({ length: plan.serialPorts }, (_, port) => [
    ...socket(`serial${port}-line`, sockets.serial(port)),
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

/**
 * What systems with virtio drivers get besides: random numbers, a balloon, the guest agent's channel. The clipboard's
 * agent (`qemu-vdagent`) is not among them, because a QEMU with it refuses to save the machine's state.
 */
export function paravirtualArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  if (!isParavirtual(plan.guest)) return [];
  const transport = plan.platform === 's390-ccw-virtio' ? 'ccw' : 'pci';
  const devices: JsonObject[] = [
    { driver: `virtio-rng-${transport}`, id: 'random', rng: 'random-source' },
    { driver: `virtio-balloon-${transport}`, id: 'balloon' },
    { driver: `virtio-serial-${transport}`, id: 'channels' },
    {
      driver: 'virtserialport',
      bus: 'channels.0',
      nr: 1,
      id: 'agent',
      chardev: agentLine,
      name: 'org.qemu.guest_agent.0',
    },
  ];
  return [
    ...['-object', json({ 'qom-type': 'rng-builtin', id: 'random-source' })],
    ...socket(agentLine, sockets.agent),
    ...devices.flatMap((device) => ['-device', json(device)]),
  ];
}
