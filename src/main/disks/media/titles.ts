import { plainText } from './bytes';

/** Names for a person, out of what images say about themselves. */

export const versionIn = (text: string): string | undefined => /\d+(\.\d+)+/.exec(text)?.[0];

export const named = (name: string, version: string | undefined): string =>
  version === undefined ? name : `${name} ${version}`;

/** `Ubuntu 22.04.3 LTS "Jammy Jellyfish" - Release amd64 (20230807)` without what only its makers want to know. */
export function unquoted(text: string): string {
  return text
    .replace(/\s*"[^"]*"/g, '')
    .replace(/\s*\(?\d{8}(-\d\d:\d\d|\.\d+)?\)?$/, '')
    .replace(/ - Release /, ' ')
    .trim();
}

/** `Debian GNU/Linux 12.5.0 "Bookworm" - Official i386 NETINST with firmware 20240210-11:28` */
export function debianTitle(info: string): string | undefined {
  const match = /^(Debian GNU\/Linux)\s+(\S+).*?\b(i386|amd64|multi-arch|arm64)\b(?:\S*)?\s*(\w+)?/i.exec(
    info,
  );
  if (!match) return unquoted(info) || undefined;
  const [, name, version, architecture, edition] = match;
  return [name, version, architecture, edition?.toLowerCase()].filter(Boolean).join(' ');
}

/** `alpine-virt-3.24.1 250601`, or the volume id `alpine-virt 3.24.1 x86`. */
export function alpineTitle(text: string): string {
  const match = /^alpine(?:-([a-z]+))?[- ]v?(\d+\.\d+(?:[._]\w+)*)/.exec(text.trim());
  if (!match) return 'Alpine Linux';
  return `Alpine Linux ${match[2]}${match[1] === undefined ? '' : ` (${match[1]})`}`;
}

/** `ARCH_202401` → ` 2024.01` */
export function monthOf(volumeId: string): string {
  const match = /_(\d{4})(\d\d)/.exec(volumeId);
  return match ? ` ${match[1]}.${match[2]}` : '';
}

/** `FD13-LiveCD` → `1.3` */
export function freedosVersion(text: string): string | undefined {
  const match = /^FD(\d)(\d)/i.exec(text);
  return match ? `${match[1]}.${match[2]}` : versionIn(text);
}

/** `#define DISKNAME  Some Linux 3.0` */
export function diskName(text: string): string {
  return unquoted(plainText(/^#define\s+DISKNAME\s+(.+)$/m.exec(text)?.[1] ?? ''));
}
