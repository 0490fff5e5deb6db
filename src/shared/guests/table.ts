/** The guest table: what is known of the systems that people run, and what they want of a machine. */

export type GuestFamily = 'linux' | 'dos' | 'windows' | 'bsd' | 'other';

export interface Guest {
  id: string;
  /** A proper noun, the same in every language. */
  title: string;
  family: GuestFamily;
  /** Name of a lucide icon. */
  icon: string;
  /** Widths of processors that it is made for, in bits. */
  bits: readonly (16 | 32 | 64)[];
  memoryMiB: number;
  diskMiB: number;
  /** Best first; an engine takes the first that it has. */
  nics: readonly ('virtio' | 'ne2k' | 'e1000')[];
  /** Whether it knows an absolute pointer device without additions of its own. */
  pointer: 'absolute' | 'relative';
  acpi: boolean;
  sound: boolean;
  /** A serial port is of use: there is, or can easily be, a console on it. */
  serial: boolean;
}

const linux: Omit<Guest, 'id' | 'title'> = {
  family: 'linux',
  icon: 'terminal',
  bits: [32, 64],
  memoryMiB: 512,
  diskMiB: 8192,
  nics: ['virtio', 'e1000', 'ne2k'],
  pointer: 'absolute',
  acpi: true,
  sound: false,
  serial: true,
};

const dos: Omit<Guest, 'id' | 'title'> = {
  family: 'dos',
  icon: 'square-terminal',
  bits: [16],
  memoryMiB: 64,
  diskMiB: 512,
  nics: ['ne2k', 'e1000', 'virtio'],
  pointer: 'relative',
  acpi: false,
  sound: true,
  serial: false,
};

const windows: Omit<Guest, 'id' | 'title'> = {
  family: 'windows',
  icon: 'app-window',
  bits: [32, 64],
  memoryMiB: 2048,
  diskMiB: 32768,
  nics: ['e1000', 'ne2k'],
  pointer: 'relative',
  acpi: true,
  sound: true,
  serial: false,
};

const bsd: Omit<Guest, 'id' | 'title'> = {
  family: 'bsd',
  icon: 'flame',
  bits: [32, 64],
  memoryMiB: 512,
  diskMiB: 8192,
  nics: ['virtio', 'e1000', 'ne2k'],
  pointer: 'relative',
  acpi: true,
  sound: false,
  serial: true,
};

const small: Omit<Guest, 'id' | 'title'> = {
  ...linux,
  family: 'other',
  icon: 'box',
  bits: [32],
  memoryMiB: 128,
  diskMiB: 512,
  nics: ['ne2k', 'virtio', 'e1000'],
  pointer: 'relative',
  serial: false,
};

export const guests: readonly Guest[] = [
  {
    ...linux,
    id: 'starter-linux',
    title: 'Starter Linux',
    icon: 'sprout',
    bits: [32],
    memoryMiB: 256,
    diskMiB: 512,
  },
  { ...linux, id: 'debian', title: 'Debian', memoryMiB: 768 },
  { ...linux, id: 'ubuntu', title: 'Ubuntu', memoryMiB: 2048, diskMiB: 25600 },
  { ...linux, id: 'alpine', title: 'Alpine Linux', icon: 'mountain', memoryMiB: 256, diskMiB: 2048 },
  { ...linux, id: 'tinycore', title: 'Tiny Core Linux', icon: 'feather', memoryMiB: 256, diskMiB: 1024 },
  { ...linux, id: 'arch', title: 'Arch Linux', memoryMiB: 1024, diskMiB: 20480, bits: [64] },
  { ...linux, id: 'arch32', title: 'Arch Linux 32', memoryMiB: 1024, bits: [32] },
  { ...linux, id: 'fedora', title: 'Fedora', memoryMiB: 2048, diskMiB: 25600 },
  { ...linux, id: 'opensuse', title: 'openSUSE', memoryMiB: 2048, diskMiB: 25600 },
  { ...linux, id: 'slackware', title: 'Slackware' },
  { ...linux, id: 'gentoo', title: 'Gentoo', memoryMiB: 1024, diskMiB: 20480 },
  { ...linux, id: 'linux', title: 'Linux' },
  { ...dos, id: 'freedos', title: 'FreeDOS' },
  { ...dos, id: 'msdos', title: 'MS-DOS' },
  { ...dos, id: 'dos', title: 'DOS' },
  {
    ...windows,
    id: 'reactos',
    title: 'ReactOS',
    bits: [32, 64],
    memoryMiB: 512,
    diskMiB: 4096,
    nics: ['ne2k', 'e1000'],
  },
  {
    ...windows,
    id: 'windows-9x',
    title: 'Windows 95, 98 or Me',
    bits: [32],
    memoryMiB: 128,
    diskMiB: 2048,
    nics: ['ne2k'],
    acpi: false,
  },
  {
    ...windows,
    id: 'windows-nt',
    title: 'Windows NT, 2000 or XP',
    memoryMiB: 512,
    diskMiB: 8192,
    nics: ['ne2k', 'e1000'],
  },
  { ...windows, id: 'windows', title: 'Windows' },
  { ...bsd, id: 'freebsd', title: 'FreeBSD' },
  { ...bsd, id: 'openbsd', title: 'OpenBSD', icon: 'fish' },
  { ...bsd, id: 'netbsd', title: 'NetBSD', icon: 'flag' },
  {
    ...small,
    id: 'haiku',
    title: 'Haiku',
    icon: 'leaf',
    bits: [32, 64],
    memoryMiB: 512,
    diskMiB: 4096,
    nics: ['virtio', 'e1000', 'ne2k'],
    serial: true,
  },
  { ...small, id: 'kolibrios', title: 'KolibriOS', icon: 'bird', acpi: false },
  { ...small, id: 'memtest', title: 'Memory test', icon: 'memory-stick', bits: [32, 64], diskMiB: 16 },
  { ...small, id: 'other', title: 'Another system', bits: [16, 32, 64], memoryMiB: 256, diskMiB: 2048 },
];

const byId = new Map(guests.map((guest) => [guest.id, guest]));

/** The guest with this id; what nobody knows is “another system”. */
export function guestById(id: string): Guest {
  const guest = byId.get(id) ?? byId.get('other');
  if (!guest) throw new Error('The guest table has no entry “other”.');
  return guest;
}
