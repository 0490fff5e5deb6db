import type { MediumReport } from '@shared/media/report';
import { plainText } from './bytes';
import type { Partition } from './partition';
import {
  alpineTitle,
  debianTitle,
  diskName,
  freedosVersion,
  monthOf,
  named,
  unquoted,
  versionIn,
} from './titles';

/** Everything that was seen in an image, for the rules to judge. */
export interface Facts {
  volumeId: string;
  publisher: string;
  application: string;
  systemId: string;
  /** Who made the disc bootable (El Torito). */
  bootId: string;
  /** Paths of an ISO file system that were found to exist, of those that `interestingPaths` names. */
  paths: Set<string>;
  /** The beginnings of small text files, by path. */
  texts: Map<string, string>;
  /** Names in the root directory of a FAT floppy, or of a boot image in floppy format. */
  fatNames: Set<string>;
  fatOemName: string;
  fatLabel: string;
  partitions: Partition[];
  /** The name of a Be File System volume. */
  bfsName?: string;
  /** Text of the boot sector, for messages such as “Starting MS-DOS…”. */
  bootText: string;
  kernels: { path: string; kind: 'Linux' | 'ELF'; version?: string }[];
}

export const noFacts = (): Facts => ({
  volumeId: '',
  publisher: '',
  application: '',
  systemId: '',
  bootId: '',
  paths: new Set(),
  texts: new Map(),
  fatNames: new Set(),
  fatOemName: '',
  fatLabel: '',
  partitions: [],
  bootText: '',
  kernels: [],
});

/** Where the firmware of POWER computers looks on a CD (CHRP binding to Open Firmware, 11.1.2). */
export const openFirmwareScript = '/ppc/bootinfo.txt';

/** What is looked for in an ISO file system, besides kernels. Lower case. */
export const interestingPaths = [
  '/casper',
  '/live',
  '/arch',
  '/arch/boot/i686',
  '/install.386',
  '/install.amd',
  '/boot/core.gz',
  '/boot/corepure64.gz',
  '/freedos',
  '/fdos',
  '/kernel.sys',
  '/kolibri.img',
  '/kolibrios',
  '/kernel.mnt',
  '/reactos',
  '/freeldr.sys',
  '/freeldr.ini',
  '/loader/freeldr.sys',
  '/sources/boot.wim',
  '/sources/install.wim',
  '/sources/install.esd',
  '/bootmgr',
  '/i386',
  '/amd64',
  '/win95',
  '/win98',
  '/win9x',
  '/efi/boot/bootx64.efi',
  '/efi/boot/bootia32.efi',
  '/efi/boot/bootaa64.efi',
  '/boot/kernel/kernel',
  '/boot/loader',
  '/etc/boot.conf',
  '/bsd.rd',
  '/netbsd',
  '/boot.cfg',
  '/starter.txt',
  openFirmwareScript,
] as const;

/** Small text files that say what an image is. */
export const interestingTexts = [
  '/.disk/info',
  '/readme.diskdefines',
  '/.alpine-release',
  '/.treeinfo',
] as const;

interface Rule {
  guest: string;
  when: (facts: Facts) => boolean;
  title?: (facts: Facts) => string | undefined;
  /** What such a system is when no kernel was found that says more. */
  architecture?: (facts: Facts) => MediumReport['architecture'];
  bits?: (facts: Facts) => 16 | 32 | 64 | undefined;
}

const has = (facts: Facts, ...paths: string[]): boolean => paths.some((path) => facts.paths.has(path));
const hasFat = (facts: Facts, ...names: string[]): boolean => names.some((name) => facts.fatNames.has(name));
const diskInfo = (facts: Facts): string => plainText(facts.texts.get('/.disk/info') ?? '', 160);
const partitionOf = (facts: Facts, content: Partition['content']): boolean =>
  facts.partitions.some((partition) => partition.content === content);

type Processor = Pick<Rule, 'architecture' | 'bits'>;
const pc16: Processor = { architecture: () => 'i386', bits: () => 16 };
const pc32: Processor = { architecture: () => 'i386', bits: () => 32 };

/** A processor named in a volume id or a directory: how systems without a Linux kernel tell. */
function widthByName(text: string): 32 | 64 | undefined {
  if (/(amd64|x86[-_]64|x64)/i.test(text)) return 64;
  if (/(i[3-6]86|x86(?![-_]64)|x32)/i.test(text)) return 32;
  return undefined;
}
const byName = (text: (facts: Facts) => string): Processor => ({
  bits: (facts) => widthByName(text(facts)),
  architecture: (facts) => {
    const width = widthByName(text(facts));
    return width === 64 ? 'x86_64' : width === 32 ? 'i386' : 'unknown';
  },
});

/** The first rule that fits decides; the more particular ones come first. */
const rules: Rule[] = [
  {
    guest: 'starter-linux',
    when: (f) => /^STARTER[ _]LINUX/i.test(f.volumeId),
    title: () => 'Starter Linux',
    ...pc32,
  },
  {
    guest: 'ubuntu',
    when: (f) => /^(X|K|L)?ubuntu/i.test(diskInfo(f)) || /^(X|K|L)?ubuntu/i.test(f.volumeId),
    title: (f) => unquoted(diskInfo(f)) || f.volumeId,
  },
  {
    guest: 'debian',
    when: (f) =>
      /^debian/i.test(diskInfo(f)) || /^debian /i.test(f.volumeId) || has(f, '/install.386', '/install.amd'),
    title: (f) => debianTitle(diskInfo(f)) ?? f.volumeId,
  },
  {
    guest: 'alpine',
    when: (f) => f.texts.has('/.alpine-release') || /^alpine[- ]/i.test(f.volumeId),
    title: (f) => alpineTitle(f.texts.get('/.alpine-release') ?? f.volumeId),
  },
  {
    guest: 'tinycore',
    when: (f) => has(f, '/boot/core.gz', '/boot/corepure64.gz'),
    title: () => 'Tiny Core Linux',
  },
  {
    guest: 'arch32',
    when: (f) => /^arch32/i.test(f.volumeId) || has(f, '/arch/boot/i686'),
    title: (f) => `Arch Linux 32${monthOf(f.volumeId)}`,
  },
  {
    guest: 'arch',
    when: (f) => /^arch_\d/i.test(f.volumeId) || has(f, '/arch'),
    title: (f) => `Arch Linux${monthOf(f.volumeId)}`,
  },
  {
    guest: 'fedora',
    when: (f) => /^fedora/i.test(f.volumeId),
    title: (f) => f.volumeId.replace(/[-_]+/g, ' '),
  },
  {
    guest: 'opensuse',
    when: (f) => /^opensuse/i.test(f.volumeId) || /suse linux/i.test(f.publisher),
    title: (f) => f.volumeId.replace(/[-_]+/g, ' '),
  },
  { guest: 'slackware', when: (f) => /^slack/i.test(f.volumeId), title: (f) => f.volumeId },
  { guest: 'gentoo', when: (f) => /^gentoo/i.test(f.volumeId), title: (f) => f.volumeId },
  {
    guest: 'kolibrios',
    when: (f) =>
      hasFat(f, 'KERNEL.MNT') ||
      /^kolibri/i.test(f.fatOemName) ||
      /^kolibri/i.test(f.volumeId) ||
      has(f, '/kolibri.img', '/kolibrios', '/kernel.mnt'),
    title: () => 'KolibriOS',
    ...pc32,
  },
  {
    guest: 'haiku',
    when: (f) => f.bfsName !== undefined || partitionOf(f, 'bfs') || /^haiku/i.test(f.volumeId),
    title: (f) => (/^haiku/i.test(f.volumeId) ? f.volumeId.replace(/[-_]+/g, ' ') : 'Haiku'),
    ...byName((f) => f.volumeId),
  },
  {
    guest: 'reactos',
    when: (f) =>
      /^reactos/i.test(f.volumeId) ||
      /^reactos/i.test(f.publisher) ||
      has(f, '/reactos', '/freeldr.sys', '/freeldr.ini', '/loader/freeldr.sys') ||
      hasFat(f, 'FREELDR.SYS'),
    title: () => 'ReactOS',
    ...pc32,
  },
  {
    guest: 'freedos',
    when: (f) =>
      /^fd1\d|^freedos/i.test(f.volumeId) ||
      has(f, '/freedos', '/fdos') ||
      /^(freedos|FRDOS)/i.test(f.fatOemName) ||
      /FreeDOS/.test(f.bootText) ||
      (hasFat(f, 'KERNEL.SYS') && hasFat(f, 'COMMAND.COM', 'FDCONFIG.SYS', 'FREEDOS', 'FDSETUP')),
    title: (f) => named('FreeDOS', freedosVersion(f.volumeId || f.fatLabel)),
    ...pc16,
  },
  {
    guest: 'windows',
    when: (f) => has(f, '/sources/boot.wim', '/sources/install.wim', '/sources/install.esd'),
    title: (f) => named('Windows', f.volumeId === '' ? undefined : `(${f.volumeId})`),
    bits: (f) => windowsWidth(f),
    architecture: (f) =>
      has(f, '/efi/boot/bootaa64.efi') ? 'aarch64' : windowsWidth(f) === 64 ? 'x86_64' : 'i386',
  },
  {
    guest: 'windows-9x',
    when: (f) => has(f, '/win95', '/win98', '/win9x') || /^win(dows ?)?9[58]/i.test(f.volumeId),
    title: (f) => (has(f, '/win95') ? 'Windows 95' : has(f, '/win98') ? 'Windows 98' : 'Windows Me'),
    ...pc32,
  },
  {
    guest: 'windows-nt',
    when: (f) =>
      has(f, '/i386', '/amd64') && /microsoft/i.test(`${f.publisher} ${f.bootId} ${f.application}`),
    title: () => 'Windows NT, 2000 or XP',
    bits: (f) => (has(f, '/amd64') ? 64 : 32),
    architecture: (f) => (has(f, '/amd64') ? 'x86_64' : 'i386'),
  },
  {
    guest: 'windows',
    when: (f) => /microsoft/i.test(`${f.publisher} ${f.bootId}`) || partitionOf(f, 'ntfs'),
    title: (f) => named('Windows', f.volumeId === '' ? undefined : `(${f.volumeId})`),
    ...byName((f) => f.volumeId.replace(/X86FRE/i, ' x86 ').replace(/X64FRE/i, ' x64 ')),
  },
  {
    guest: 'openbsd',
    when: (f) =>
      /openbsd/i.test(`${f.volumeId} ${f.publisher}`) || has(f, '/bsd.rd') || partitionOf(f, 'openbsd'),
    title: (f) => named('OpenBSD', versionIn(f.volumeId)),
    ...byName((f) => f.volumeId),
  },
  {
    guest: 'netbsd',
    when: (f) =>
      /netbsd/i.test(`${f.volumeId} ${f.publisher}`) || has(f, '/netbsd') || partitionOf(f, 'netbsd'),
    title: (f) => named('NetBSD', versionIn(f.volumeId)),
    ...byName((f) => f.volumeId),
  },
  {
    guest: 'freebsd',
    when: (f) =>
      /freebsd/i.test(`${f.volumeId} ${f.publisher} ${f.application}`) ||
      /^\d+_\d+_(RELEASE|STABLE|CURRENT)/i.test(f.volumeId) ||
      has(f, '/boot/kernel/kernel') ||
      partitionOf(f, 'freebsd'),
    title: (f) => named('FreeBSD', versionIn(f.volumeId.replace(/_/g, '.'))),
    ...byName((f) => f.volumeId),
  },
  {
    guest: 'memtest',
    when: (f) => /memtest|^MT86/i.test(`${f.volumeId} ${f.bootText}`),
    title: () => 'Memtest86+',
    // The volume ids of version 6 and later are MT86PLUS_32 and MT86PLUS_64.
    bits: (f) => (/_64$/.test(f.volumeId) ? 64 : 32),
    architecture: (f) => (/_64$/.test(f.volumeId) ? 'x86_64' : 'i386'),
  },
  {
    guest: 'msdos',
    when: (f) => hasFat(f, 'MSDOS.SYS', 'IBMDOS.COM') || (hasFat(f, 'IO.SYS') && hasFat(f, 'COMMAND.COM')),
    title: (f) => (hasFat(f, 'IBMDOS.COM') ? 'PC DOS' : 'MS-DOS'),
    ...pc16,
  },
  {
    guest: 'dos',
    when: (f) => hasFat(f, 'COMMAND.COM', 'KERNEL.SYS', 'DRBIOS.SYS'),
    title: () => 'DOS',
    ...pc16,
  },
  {
    guest: 'linux',
    when: (f) =>
      f.kernels.some(({ kind }) => kind === 'Linux') ||
      has(f, '/casper', '/live') ||
      hasFat(f, 'LDLINUX.SYS') ||
      partitionOf(f, 'linux'),
    title: (f) =>
      unquoted(diskInfo(f)) ||
      diskName(f.texts.get('/readme.diskdefines') ?? '') ||
      (/linux/i.test(f.volumeId) ? f.volumeId : undefined),
  },
];

/** Decides what is in an image. Widths and processors of kernels that were found count for more than a rule's. */
export function recognise(facts: Facts): {
  guest: string;
  title?: string;
  architecture: MediumReport['architecture'];
  bits?: 16 | 32 | 64;
} {
  const rule = rules.find(({ when }) => when(facts));
  if (!rule) return { guest: 'other', architecture: 'unknown' };
  return {
    guest: rule.guest,
    title: plainText(rule.title?.(facts) ?? '', 100) || undefined,
    architecture: rule.architecture?.(facts) ?? 'unknown',
    bits: rule.bits?.(facts),
  };
}

function windowsWidth(facts: Facts): 32 | 64 {
  if (has(facts, '/efi/boot/bootx64.efi', '/efi/boot/bootaa64.efi')) return 64;
  return /X64FRE|_X64|x64/i.test(facts.volumeId) ? 64 : 32;
}
