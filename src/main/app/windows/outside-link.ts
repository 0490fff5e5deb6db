import { isIPv4 } from 'node:net';

/**
 * Whether a link of a page may be opened in the system's browser: pages of the world by https, and what is forwarded
 * to a machine, which a person reaches by http at an address of this computer. Nothing else: programs are started by
 * other schemes. Pure.
 */
export function isForBrowser(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { protocol, hostname, username } = new URL(link);
  if (username !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isIPv4(hostname));
}
