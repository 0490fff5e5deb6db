import { guestById } from '@shared/guests/table';
import { i18n } from '../i18n';

/** How a guest is called and drawn (an icon and a hue), by the id that the guest table or the gallery gives it. */

/** The name of a system; of what nobody knows, in the person's language. */
export function guestTitle(id: string): string {
  const { id: known, title } = guestById(id);
  return known === 'other' ? i18n.global.t('common.otherSystem') : title;
}

interface GuestLook {
  pattern: RegExp;
  icon: string;
  /** OKLCH hue in degrees. */
  hue: number;
}

const looks: GuestLook[] = [
  { pattern: /memtest/, icon: 'i-lucide-memory-stick', hue: 250 },
  { pattern: /dos/, icon: 'i-lucide-square-terminal', hue: 250 },
  { pattern: /windows|reactos/, icon: 'i-lucide-app-window', hue: 235 },
  { pattern: /haiku/, icon: 'i-lucide-leaf', hue: 130 },
  { pattern: /kolibri|menuet/, icon: 'i-lucide-feather', hue: 310 },
  { pattern: /solaris/, icon: 'i-lucide-sun', hue: 60 },
  { pattern: /bsd/, icon: 'i-lucide-anchor', hue: 25 },
  { pattern: /debian/, icon: 'i-lucide-orbit', hue: 5 },
  { pattern: /ubuntu/, icon: 'i-lucide-circle-dot-dashed', hue: 45 },
  { pattern: /alpine/, icon: 'i-lucide-mountain', hue: 240 },
  { pattern: /starter/, icon: 'i-lucide-sprout', hue: 165 },
  { pattern: /tiny/, icon: 'i-lucide-atom', hue: 280 },
  {
    pattern: /linux|fedora|arch|suse|slax|rhel|mint|nixos|void|mageia|gentoo|slackware/,
    icon: 'i-lucide-terminal',
    hue: 185,
  },
];
const otherLook = { icon: 'i-lucide-monitor', hue: 175 };

/** The look of a guest; the first of the ids that is recognised decides. */
export function guestLook(...ids: string[]): { icon: string; hue: number } {
  for (const id of ids) {
    const look = looks.find(({ pattern }) => pattern.test(id));
    if (look) return look;
  }
  return otherLook;
}
