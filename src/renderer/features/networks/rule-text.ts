import type { FirewallRule } from '@shared/network/firewall';

/** Ports as a person writes them: `80`, `8000-8100`, or nothing for every one. */
export function portsText(ports: FirewallRule['ports']): string {
  if (ports === null) return '';
  return ports.first === ports.last ? String(ports.first) : `${ports.first}-${ports.last}`;
}

/** The reverse; undefined where it makes no sense. */
export function portsFrom(text: string): FirewallRule['ports'] | undefined {
  if (text.trim() === '') return null;
  const match = /^\s*(\d{1,5})\s*(?:[-–]\s*(\d{1,5})\s*)?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 1 && last <= 65_535 && first <= last ? { first, last } : undefined;
}
