import type { OsRecord } from './osinfo-xml';

/** Of libosinfo's distributions, those with an entry of their own in the guest table. */
const byDistro: Readonly<Record<string, string>> = {
  debian: 'debian',
  ubuntu: 'ubuntu',
  fedora: 'fedora',
  silverblue: 'fedora',
  rhel: 'rhel',
  centos: 'rhel',
  'centos-stream': 'rhel',
  almalinux: 'rhel',
  rocky: 'rhel',
  ol: 'rhel',
  oel: 'rhel',
  scientificlinux: 'rhel',
  circle: 'rhel',
  miraclelinux: 'rhel',
  opensuse: 'opensuse',
  sles: 'opensuse',
  sled: 'opensuse',
  sle: 'opensuse',
  mageia: 'mageia',
  nixos: 'nixos',
  alpinelinux: 'alpine',
  archlinux: 'arch',
  slackware: 'slackware',
  gentoo: 'gentoo',
  voidlinux: 'void',
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  dragonflybsd: 'dragonflybsd',
  haiku: 'haiku',
  freedos: 'freedos',
  msdos: 'msdos',
  solaris: 'solaris',
  opensolaris: 'solaris',
};

const byFamily: Readonly<Record<string, string>> = {
  linux: 'linux',
  win9x: 'windows-9x',
  win16: 'msdos',
  msdos: 'msdos',
  solaris: 'solaris',
};

/** Windows since NT, by libosinfo's short ids. */
const windows: readonly (readonly [RegExp, string])[] = [
  [/^win11$|^win2k2[25]$/, 'windows-11'],
  [/^win(?:8|8\.1|10)$|^win2k(?:12|12r2|16|19)$/, 'windows-10'],
  [/^win(?:vista|7)$|^win2k8(?:r2)?$/, 'windows-7'],
  [/^win(?:nt|2k$|2k3|xp)/, 'windows-nt'],
];

const virtioDisk = ['http://pcisig.com/pci/1af4/1001', 'http://pcisig.com/pci/1af4/1042'];

/**
 * The entry of the guest table for a system of libosinfo's database; `other` for what the table does not have.
 * @param devices with those that it inherits
 */
export function guestOfSystem(
  { shortIds, family, distro }: OsRecord,
  devices: ReadonlyMap<string, boolean>,
): string {
  if (family === 'winnt') {
    const found = windows.find(([pattern]) => shortIds.some((id) => pattern.test(id)));
    return found?.[1] ?? 'windows';
  }
  const supported = [...devices].flatMap(([id, isSupported]) => (isSupported ? [id] : []));
  const withoutVirtio = supported.length > 0 && !virtioDisk.some((id) => supported.includes(id));
  if (family === 'linux' && withoutVirtio) return 'linux-old';
  return lookUp(byDistro, distro) ?? lookUp(byFamily, family) ?? 'other';
}

function lookUp(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
