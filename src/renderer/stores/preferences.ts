import type { Preferences } from '@shared/ipc/contract';
import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import { useConnection } from '../bridge/client';
import { setTheme } from '../composables/theme';
import { setLanguage } from '../i18n';

/** What the person prefers, kept by main and shared by every window. */
export const usePreferences = defineStore('preferences', () => {
  const connection = useConnection();
  const current = ref<Preferences>();

  connection.on('preferences.changed', (value) => (current.value = value));
  connection.onConnected(async () => {
    current.value = await connection.call('preferences.get', {});
  });
  watch(
    () => current.value?.theme,
    (theme) => theme && setTheme(theme),
  );
  watch(
    () => current.value?.language,
    (language) => language && setLanguage(language),
  );

  async function set(change: Partial<Preferences>): Promise<void> {
    current.value = await connection.call('preferences.set', change);
  }

  return { current, set };
});
