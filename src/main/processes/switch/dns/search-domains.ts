import { readFileSync } from 'node:fs';

/** The host's settings are looked at again after this long: a VPN may have changed them. Milliseconds. */
const lifeMs = 5000;
/** What one option of DHCP takes, in bytes. */
const mostBytes = 255;
const domainName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/i;

let known: { domains: readonly string[]; readAt: number } = { domains: [], readAt: -Infinity };

/** The domains in which this computer looks for short names, as its system tells; none where it tells otherwise. */
export function hostSearchDomains(path = '/etc/resolv.conf'): readonly string[] {
  const now = performance.now();
  if (now - known.readAt > lifeMs) known = { domains: searchDomains(read(path)), readAt: now };
  return known.domains;
}

/** The last `search` or `domain` of a file such as `/etc/resolv.conf` (resolv.conf(5)). Pure. */
export function searchDomains(text: string): string[] {
  const words = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .findLast(([keyword]) => keyword === 'search' || keyword === 'domain');
  return (words ?? [])
    .slice(1)
    .map(plain)
    .filter((name) => domainName.test(name));
}

/** The network's own domain, and as many of the others as one option holds; each once. Pure. */
export function toldDomains(own: string, others: readonly string[]): string[] {
  let bytes = 0;
  return [...new Set([own, ...others.map(plain)])].filter((name) => {
    // Each label behind its length, and a zero.
    const fits = bytes + name.length + 2 <= mostBytes;
    if (fits) bytes += name.length + 2;
    return fits;
  });
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Windows has no such file
  }
}
