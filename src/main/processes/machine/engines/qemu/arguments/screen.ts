import { isPc } from '@shared/engine/qemu/platform';
import type { QemuPlan } from '../plan';
import type { QemuSockets } from '../sockets';
import { json, keyValues, type JsonObject } from './escape';

/** The display adapter, the devices that a person types and points with, and how the screen is seen from outside. */
export function screenArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  return [
    ...['-display', 'none'],
    ...['-vnc', server(sockets)],
    ...[adapter(plan), ...inputDevices(plan)].flatMap((device) => ['-device', json(device)]),
  ];
}

/** A socket in a folder that only this user can enter needs no password; a port has one before anybody is let in. */
function server({ screen }: QemuSockets): string {
  // By name: a path with an equals sign in it would be taken for an option otherwise.
  if (screen !== null) return keyValues('', { vnc: `unix:${screen}`, share: 'force-shared' });
  // A display's number, counted from port 5900 on; `to` has QEMU look for one that is free.
  return keyValues('127.0.0.1:0', { to: 999, password: true, share: 'force-shared' });
}

/** virtio-vga follows the size of a person's window; guests that may have no driver for it get what everyone has. */
function adapter({ platform, guest, host, videoMemoryMiB }: QemuPlan): JsonObject {
  if (platform === 's390-ccw-virtio') return { driver: 'virtio-gpu-ccw', id: 'video' };
  if (platform === 'virt') return { driver: 'virtio-gpu-pci', id: 'video' };
  if (isPc(platform) && guest.video === 'virtio' && host.devices.includes('virtio-vga')) {
    return { driver: 'virtio-vga', id: 'video' };
  }
  return { driver: 'VGA', id: 'video', vgamem_mb: powerOfTwo(videoMemoryMiB) };
}

function inputDevices({ platform, guest, host }: QemuPlan): JsonObject[] {
  if (platform === 's390-ccw-virtio') {
    return [
      { driver: 'virtio-keyboard-ccw', id: 'keyboard' },
      { driver: 'virtio-tablet-ccw', id: 'tablet' },
    ];
  }
  const tablet = { driver: 'usb-tablet', id: 'tablet', bus: 'usb.0' };
  const controller = host.devices.includes('qemu-xhci') ? 'qemu-xhci' : 'nec-usb-xhci';
  if (!isPc(platform)) {
    return [{ driver: controller, id: 'usb' }, { driver: 'usb-kbd', id: 'keyboard', bus: 'usb.0' }, tablet];
  }
  // A PC's keyboard and mouse are there already; positions need a tablet, and a system that knows USB.
  if (guest.usb === null || guest.pointer === 'relative') return [];
  const controllers = { uhci: 'piix3-usb-uhci', ehci: 'usb-ehci', xhci: controller };
  return [{ driver: controllers[guest.usb], id: 'usb' }, tablet];
}

/** VGA's memory is a power of two, in MiB. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
