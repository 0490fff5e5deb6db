import type { commands } from '@shared/ipc/contract';
import { onMounted, ref } from 'vue';
import type { z } from 'zod';
import { call, inElectron } from '../../bridge/client';
import { reportError } from '../../ui/notify';

type DesktopInfo = z.output<(typeof commands)['app.desktop']['result']>;

/** What the desktop lets the program do, and what is kept by the desktop rather than by us. */
export function useDesktop() {
  const desktop = ref<DesktopInfo>();
  const launchAtLogin = ref<boolean | null>(null);
  /** Whether a browser lets this page notify; undefined where the program does that itself. */
  const webNotices = ref<NotificationPermission>();

  async function load(): Promise<void> {
    desktop.value = await call('app.desktop', {});
    launchAtLogin.value = desktop.value.launchAtLogin;
  }

  async function setLaunchAtLogin(on: boolean): Promise<void> {
    try {
      await call('app.setLaunchAtLogin', { on });
      launchAtLogin.value = on;
    } catch (error) {
      reportError(error);
      await load().catch(reportError);
    }
  }

  /** A browser asks the person, and only in answer to a click. */
  async function askForNotices(): Promise<void> {
    webNotices.value = await Notification.requestPermission();
  }

  onMounted(() => {
    void load().catch(reportError);
    if (!inElectron() && 'Notification' in window) webNotices.value = Notification.permission;
  });

  return { desktop, launchAtLogin, setLaunchAtLogin, webNotices, askForNotices };
}
