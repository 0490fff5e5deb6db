import type { Preferences } from '@shared/ipc/contract';

type Theme = Preferences['theme'];

/** Kept in the page's storage too, so that a window has its colours before main has answered. */
const storageKey = 'theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

function remembered(): Theme {
  const theme = localStorage.getItem(storageKey);
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

let current: Theme = 'system';

function apply(): void {
  const dark = current === 'dark' || (current === 'system' && systemDark.matches);
  document.documentElement.classList.toggle('dark', dark);
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
}

/** Shows the page in a theme from now on; `system` follows the operating system as it changes. */
export function setTheme(theme: Theme): void {
  current = theme;
  localStorage.setItem(storageKey, theme);
  apply();
}

/** Applies the theme that was set last. To be called before the page is drawn. */
export function startTheme(): void {
  current = remembered();
  systemDark.addEventListener('change', apply);
  apply();
}
