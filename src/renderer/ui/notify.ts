import { useToast } from '@nuxt/ui/composables/useToast';
import { toErrorValue } from '@shared/errors';
import type { App } from 'vue';
import { errorText } from './errors';

let toasts: ReturnType<typeof useToast> | undefined;

/** Makes messages appear in this app from now on. */
export function startNotify(app: App): void {
  toasts = app.runWithContext(() => useToast());
}

/** A short message in the corner. */
export function notify(
  title: string,
  details: { description?: string; icon?: string; color?: 'success' | 'warning' } = {},
): void {
  toasts?.add({ title, color: 'success', icon: 'i-lucide-circle-check', ...details });
}

/** Shows an error in the corner. What the person cancelled is not an error. */
export function reportError(thrown: unknown): void {
  const value = toErrorValue(thrown);
  if (value.code === 'cancelled') return;
  if (value.code === 'internal') console.error(thrown);
  const { title, message, hint } = errorText(thrown);
  toasts?.add({
    id: `${value.code} ${message}`,
    title,
    description: hint ? `${message} ${hint}` : message,
    color: 'error',
    icon: 'i-lucide-circle-alert',
    duration: 12_000,
  });
}
