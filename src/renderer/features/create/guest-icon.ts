import { guestById } from '@shared/guests/table';

/**
 * The icons of the guest table by their full names. Icons are bundled by finding their names in these sources, so
 * the names must stand here as a whole.
 */
const icons: Record<string, string> = {
  'app-window': 'i-lucide-app-window',
  bird: 'i-lucide-bird',
  box: 'i-lucide-box',
  feather: 'i-lucide-feather',
  fish: 'i-lucide-fish',
  flag: 'i-lucide-flag',
  flame: 'i-lucide-flame',
  leaf: 'i-lucide-leaf',
  'memory-stick': 'i-lucide-memory-stick',
  mountain: 'i-lucide-mountain',
  sprout: 'i-lucide-sprout',
  'square-terminal': 'i-lucide-square-terminal',
  terminal: 'i-lucide-terminal',
};

/** The icon of a guest, by its id. */
export function guestIcon(guest: string): string {
  return icons[guestById(guest).icon] ?? 'i-lucide-box';
}
