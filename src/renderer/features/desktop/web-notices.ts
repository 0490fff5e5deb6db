import { desktopChoices } from '@shared/desktop/choices';
import { NoticeWatcher, type Notice } from '@shared/desktop/notices';
import { noticeText } from '@shared/desktop/notice-text';
import { onBeforeUnmount } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { inElectron, useConnection } from '../../bridge/client';
import { usePreferences } from '../../stores/preferences';
import { announce } from '../../ui/announce';
import { notify } from '../../ui/notify';
import { pageOf } from './targets';

/**
 * In browser mode the page itself tells what happened to machines while nobody looked: by the browser, where that
 * was allowed, else in the page. The Electron shell does that for its windows.
 */
export function useWebNotices(): void {
  if (inElectron()) return;
  const { locale } = useI18n();
  const router = useRouter();
  const preferences = usePreferences();
  const connection = useConnection();
  const watcher = new NoticeWatcher();

  function tell(notice: Notice): void {
    if (document.hasFocus() || !desktopChoices(preferences.current).notifications) return;
    const { title, body } = noticeText(notice, locale.value === 'zh-CN' ? 'zh-CN' : 'en');
    if ('Notification' in window && Notification.permission === 'granted') {
      // Several pages of one browser show it once.
      const shown = new Notification(title, { body, tag: `${notice.kind} ${notice.machine}` });
      shown.onclick = () => {
        window.focus();
        const page = pageOf(notice.target);
        if (page) void router.push(page);
      };
      return;
    }
    notify(title, { description: body, icon: 'i-lucide-bell', color: notice.error ? 'warning' : 'success' });
    void announce(`${title}. ${body}`);
  }

  const ends = (['machine.changed', 'machine.removed', 'job.changed'] as const).map((name) =>
    connection.on(name, (value) => {
      const notice = watcher.see({ name, value } as Parameters<NoticeWatcher['see']>[0]);
      if (notice) tell(notice);
    }),
  );
  onBeforeUnmount(() => ends.forEach((end) => end()));
}
