import type { Architecture, MachineConfig } from '../../machine/config';
import { guestById } from '../../guests/table';

/** Families of boards that QEMU emulates; a machine version is one of a family, such as `pc-q35-7.2`. */
export const platforms = ['pc-i440fx', 'pc-q35', 'virt', 'pseries', 's390-ccw-virtio'] as const;
export type Platform = (typeof platforms)[number];

export function isPc(platform: Platform): boolean {
  return platform === 'pc-i440fx' || platform === 'pc-q35';
}

/** The platform that a machine version belongs to; undefined for boards that are not used here. */
export function platformOfType(machineType: string): Platform | undefined {
  return platforms.find((family) => machineType === family || machineType.startsWith(`${family}-`));
}

type Wanted = Pick<MachineConfig, 'architecture' | 'firmware' | 'guest'> & {
  disks: readonly { bus: MachineConfig['disks'][number]['bus'] }[];
};

/**
 * The board for a machine that has none yet. PCs are Q35 (PCI Express, AHCI) unless they are to have parallel ATA
 * disks, or run a system from before AHCI: those get the i440FX board.
 */
export function platformFor({ architecture, firmware, guest, disks }: Wanted): Platform {
  switch (architecture) {
    case 'i386':
    case 'x86_64': {
      const old = guestById(guest).chipset === 'i440fx';
      return firmware === 'bios' && (old || disks.some(({ bus }) => bus === 'ide')) ? 'pc-i440fx' : 'pc-q35';
    }
    case 'aarch64':
    case 'riscv64':
      return 'virt';
    case 'ppc64':
      return 'pseries';
    case 's390x':
      return 's390-ccw-virtio';
  }
}

/** Where disks of a new machine are attached, so that the system's own drivers find them. */
export function diskBusFor(architecture: Architecture, guest: string): MachineConfig['disks'][number]['bus'] {
  // What has drivers for a board that is no PC has them for virtio.
  if (architecture !== 'i386' && architecture !== 'x86_64') return 'virtio';
  return guestById(guest).disks[0] ?? 'sata';
}

/** Whether the computer's clock shows local time, as systems that descend from DOS expect. */
export function clockIsLocal(guest: string): boolean {
  return guestById(guest).localClock;
}

/**
 * The versions of a platform among `types`, the newest first. Boards without versions, such as RISC-V's `virt` of
 * older releases, stand for themselves.
 */
export function typesOf(platform: Platform, types: readonly string[]): string[] {
  const versioned = types.flatMap((type) => {
    const match = new RegExp(`^${platform}-(\\d+)\\.(\\d+)$`).exec(type);
    return match ? [{ type, order: Number(match[1]) * 1000 + Number(match[2]) }] : [];
  });
  versioned.sort((a, b) => b.order - a.order);
  if (versioned.length === 0 && types.includes(platform)) return [platform];
  return versioned.map(({ type }) => type);
}

/** The newest version of a platform among `types`; null when there is none. */
export function newestType(platform: Platform, types: readonly string[]): string | null {
  return typesOf(platform, types)[0] ?? null;
}
