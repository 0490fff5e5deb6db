import { Notification } from 'electron';

/** Notifications that are on the desktop: one that nobody held would be collected, and a click on it lost. */
const shown = new Set<Notification>();

/** Shows a notice on the desktop; a click on it runs `clicked`. */
export function showNotice(words: { title: string; body: string }, icon: string, clicked: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ ...words, icon });
  shown.add(notification);
  const over = (): void => void shown.delete(notification);
  notification.on('click', () => {
    over();
    clicked();
  });
  notification.on('close', over);
  notification.on('failed', over);
  notification.show();
}
