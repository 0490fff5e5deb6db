import {
  dosHardware,
  type GuestHardware,
  linuxHardware,
  oldHardware,
  plainHardware,
  virtioHardware,
} from './hardware';

/**
 * The guest table: what is known of the systems that people run, and what they want of a machine. Memory and disk
 * sizes are what their publishers recommend for an installation with a desktop where there is one.
 */

export type GuestFamily = 'linux' | 'dos' | 'windows' | 'bsd' | 'other';

export interface Guest extends GuestHardware {
  id: string;
  /** A proper noun, the same in every language. */
  title: string;
  family: GuestFamily;
  /** Widths of processors that it is made for, in bits. */
  bits: readonly (16 | 32 | 64)[];
  memoryMiB: number;
  diskMiB: number;
  cpus: number;
  /** The firmware that it is to be started by where there is a choice. */
  firmware: 'bios' | 'uefi';
  /** It does not install, or not whole, without Secure Boot and a TPM 2.0. */
  trusted: boolean;
  /** The computer's clock shows local time, as systems that descend from DOS expect. */
  localClock: boolean;
  sound: boolean;
  /** A serial port is of use: there is, or can easily be, a console on it. */
  serial: boolean;
}

type Kind = Omit<Guest, 'id' | 'title'>;

const common = {
  cpus: 1,
  firmware: 'bios',
  trusted: false,
  localClock: false,
  sound: false,
  serial: false,
} as const;

const linux: Kind = {
  ...linuxHardware,
  ...common,
  family: 'linux',
  bits: [32, 64],
  memoryMiB: 512,
  diskMiB: 8192,
  serial: true,
};

/** Desktops of today. */
const linuxDesktop: Kind = { ...linux, memoryMiB: 2048, diskMiB: 25600, cpus: 2 };

const dos: Kind = {
  ...dosHardware,
  ...common,
  family: 'dos',
  bits: [16],
  memoryMiB: 64,
  diskMiB: 512,
  localClock: true,
  sound: true,
};

const windows: Kind = {
  ...plainHardware,
  ...common,
  family: 'windows',
  bits: [32, 64],
  memoryMiB: 2048,
  diskMiB: 32768,
  localClock: true,
  sound: true,
};

const bsd: Kind = {
  ...virtioHardware,
  ...common,
  family: 'bsd',
  bits: [32, 64],
  memoryMiB: 512,
  diskMiB: 8192,
  serial: true,
};

const small: Kind = {
  ...plainHardware,
  ...common,
  family: 'other',
  bits: [32],
  memoryMiB: 128,
  diskMiB: 512,
  nics: ['ne2k', 'virtio', 'e1000'],
  usb: null,
  pointer: 'relative',
};

export const guests: readonly Guest[] = [
  {
    ...linux,
    id: 'starter-linux',
    title: 'Starter Linux',
    bits: [32],
    memoryMiB: 256,
    diskMiB: 512,
  },
  { ...linux, id: 'debian', title: 'Debian', memoryMiB: 768 },
  { ...linuxDesktop, id: 'ubuntu', title: 'Ubuntu' },
  { ...linuxDesktop, id: 'mint', title: 'Linux Mint' },
  { ...linux, id: 'alpine', title: 'Alpine Linux', memoryMiB: 256, diskMiB: 2048 },
  { ...linux, id: 'tinycore', title: 'Tiny Core Linux', memoryMiB: 256, diskMiB: 1024 },
  { ...linux, id: 'arch', title: 'Arch Linux', memoryMiB: 1024, diskMiB: 20480, bits: [64] },
  { ...linux, id: 'arch32', title: 'Arch Linux 32', memoryMiB: 1024, bits: [32] },
  { ...linuxDesktop, id: 'fedora', title: 'Fedora' },
  { ...linuxDesktop, id: 'rhel', title: 'Red Hat Enterprise Linux and its rebuilds', bits: [64] },
  { ...linuxDesktop, id: 'opensuse', title: 'openSUSE' },
  { ...linuxDesktop, id: 'mageia', title: 'Mageia' },
  { ...linuxDesktop, id: 'nixos', title: 'NixOS' },
  { ...linux, id: 'slackware', title: 'Slackware' },
  { ...linux, id: 'gentoo', title: 'Gentoo', memoryMiB: 1024, diskMiB: 20480 },
  { ...linux, id: 'void', title: 'Void Linux' },
  { ...linux, id: 'linux', title: 'Linux' },
  {
    ...linux,
    ...oldHardware,
    id: 'linux-old',
    title: 'Linux before 2008, without virtio',
    bits: [32],
    memoryMiB: 256,
    diskMiB: 4096,
  },
  { ...dos, id: 'freedos', title: 'FreeDOS' },
  { ...dos, id: 'msdos', title: 'MS-DOS' },
  { ...dos, id: 'dos', title: 'DOS' },
  {
    ...windows,
    ...oldHardware,
    id: 'reactos',
    title: 'ReactOS',
    memoryMiB: 512,
    diskMiB: 4096,
    nics: ['ne2k', 'e1000'],
  },
  {
    ...windows,
    ...dosHardware,
    id: 'windows-9x',
    title: 'Windows 95, 98 or Me',
    bits: [32],
    memoryMiB: 128,
    diskMiB: 2048,
    nics: ['ne2k'],
  },
  {
    ...windows,
    ...oldHardware,
    id: 'windows-nt',
    title: 'Windows NT, 2000 or XP',
    memoryMiB: 512,
    diskMiB: 8192,
    nics: ['ne2k', 'e1000'],
  },
  { ...windows, id: 'windows-7', title: 'Windows Vista or 7', diskMiB: 40960 },
  {
    ...windows,
    id: 'windows-10',
    title: 'Windows 8 or 10',
    memoryMiB: 4096,
    diskMiB: 51200,
    cpus: 2,
    usb: 'xhci',
  },
  {
    ...windows,
    id: 'windows-11',
    title: 'Windows 11',
    bits: [64],
    memoryMiB: 4096,
    diskMiB: 65536,
    cpus: 2,
    usb: 'xhci',
    firmware: 'uefi',
    trusted: true,
  },
  { ...windows, id: 'windows', title: 'Windows' },
  { ...bsd, id: 'freebsd', title: 'FreeBSD' },
  { ...bsd, id: 'openbsd', title: 'OpenBSD' },
  { ...bsd, id: 'netbsd', title: 'NetBSD' },
  { ...bsd, id: 'dragonflybsd', title: 'DragonFly BSD', bits: [64], memoryMiB: 1024 },
  {
    ...bsd,
    id: 'haiku',
    title: 'Haiku',
    family: 'other',
    memoryMiB: 512,
    diskMiB: 4096,
  },
  {
    ...bsd,
    id: 'solaris',
    title: 'Solaris or illumos',
    family: 'other',
    bits: [64],
    memoryMiB: 2048,
  },
  { ...small, id: 'kolibrios', title: 'KolibriOS', acpi: false },
  { ...small, id: 'memtest', title: 'Memory test', bits: [32, 64], diskMiB: 16 },
  { ...small, id: 'other', title: 'Another system', bits: [16, 32, 64], memoryMiB: 256, diskMiB: 2048 },
];

const byId = new Map(guests.map((guest) => [guest.id, guest]));

/** The guest with this id; what nobody knows is “another system”. */
export function guestById(id: string): Guest {
  const guest = byId.get(id) ?? byId.get('other');
  if (!guest) throw new Error('The guest table has no entry “other”.');
  return guest;
}
