import type { DiskConfig, NicConfig } from '../machine/config';

/**
 * The hardware of a PC that a system drives without additions of its own: best first where there is a choice.
 *
 * Sources: the guest pages of QEMU's documentation (`docs/system`), the driver lists of the systems themselves
 * (Linux: the releases in which each virtio driver came; Windows: the drivers on its installation media; the BSDs:
 * the hardware notes of their releases), and what was seen in the tests of this project. Where libosinfo's database
 * is installed it refines memory, disk size and network card (see `profile.ts`).
 */
export interface GuestHardware {
  /** Where disks are attached. */
  disks: readonly DiskConfig['bus'][];
  nics: readonly NicConfig['model'][];
  /** `virtio` follows the size of the console's window; `vga` is the standard VGA with VESA modes. */
  video: 'virtio' | 'vga';
  /** The sound card with a driver. */
  soundCard: 'hda' | 'ac97' | 'sb16';
  /** The USB controller with a driver, for the tablet; null: pointing is left to the PC's mouse. */
  usb: 'xhci' | 'ehci' | 'uhci' | null;
  /** Whether it knows an absolute pointer device without additions of its own. */
  pointer: 'absolute' | 'relative';
  /** There are drivers for virtio's random numbers, memory balloon and channels, the guest agent's among them. */
  paravirtual: boolean;
  /** `q35` has PCI Express and AHCI, `i440fx` conventional PCI and parallel ATA. */
  chipset: 'q35' | 'i440fx';
  acpi: boolean;
}

/** Linux since 2.6.25 (2008), the BSDs since about 2012, Haiku, illumos: virtio for everything that is needed. */
export const virtioHardware: GuestHardware = {
  disks: ['virtio', 'scsi', 'sata'],
  nics: ['virtio', 'e1000', 'ne2k'],
  video: 'vga',
  soundCard: 'hda',
  usb: 'xhci',
  pointer: 'relative',
  paravirtual: true,
  chipset: 'q35',
  acpi: true,
};

/** As above, with the graphics driver (Linux 4.4) and the tablet's. */
export const linuxHardware: GuestHardware = { ...virtioHardware, video: 'virtio', pointer: 'absolute' };

/** A PC of about 2003: parallel ATA, a network card of PCI, AC97 sound. */
export const oldHardware: GuestHardware = {
  disks: ['ide', 'sata'],
  nics: ['e1000', 'ne2k'],
  video: 'vga',
  soundCard: 'ac97',
  usb: 'uhci',
  pointer: 'absolute',
  paravirtual: false,
  chipset: 'i440fx',
  acpi: true,
};

/** A PC of about 1996: everything by the BIOS or by NE2000 and Sound Blaster drivers; no USB, no ACPI. */
export const dosHardware: GuestHardware = {
  ...oldHardware,
  nics: ['ne2k', 'e1000', 'virtio'],
  soundCard: 'sb16',
  usb: null,
  pointer: 'relative',
  acpi: false,
};

/** A PC of about 2012, without virtio: Windows before somebody installs drivers, small systems. */
export const plainHardware: GuestHardware = {
  disks: ['sata', 'ide'],
  nics: ['e1000', 'ne2k'],
  video: 'vga',
  soundCard: 'hda',
  usb: 'ehci',
  pointer: 'absolute',
  paravirtual: false,
  chipset: 'q35',
  acpi: true,
};
