/**
 * Programs of a desktop for the 64-bit guest of `amd64.mjs`: an X server without a screen, SPICE's agent, xclip and
 * libdrm's modetest, from this computer's packages with the libraries that they link to, as a tar archive that the
 * guest unpacks from a raw disk.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const programs = [
  '/usr/bin/Xvfb',
  '/usr/bin/xkbcomp',
  '/usr/bin/xclip',
  '/usr/bin/modetest',
  '/usr/bin/spice-vdagent',
  '/usr/sbin/spice-vdagentd',
];
const data = ['/usr/share/X11/xkb'];

/** What is missing on this computer; nothing when the tools can be packed. */
export function missingDesktopTools() {
  const wanted = process.arch === 'x64' && process.platform === 'linux' ? programs : ['a 64-bit Linux PC'];
  return wanted.filter((file) => !fs.existsSync(file));
}

/**
 * Writes the archive; a whole number of sectors, as a disk has.
 * @param {string} file
 */
export function packDesktopTools(file) {
  const links = execFileSync('ldd', programs, { encoding: 'utf8' });
  const libraries = new Set([...links.matchAll(/(\/lib\S+) \(/g)].map((match) => match[1]));
  // Links are followed, so that nothing depends on how this computer's folders are laid out.
  execFileSync('tar', [
    '-C',
    '/',
    '-chf',
    file,
    ...[...programs, ...libraries, ...data].map((path) => path.slice(1)),
  ]);
}

/** Commands for the guest's shell that unpack `device` under `/t` and make it a place to `chroot` to. */
export const unpackDesktopTools = (device) =>
  [
    `until [ -b ${device} ]; do sleep 1; done`,
    `mkdir -p /t && mount -t tmpfs tmpfs /t && tar -xf ${device} -C /t`,
    'for d in dev proc sys tmp run bin; do mkdir -p /t/$d; done',
    'for d in dev proc sys; do mount --bind /$d /t/$d; done',
    'cp /bin/busybox /t/bin/sh',
  ].join('; ');
