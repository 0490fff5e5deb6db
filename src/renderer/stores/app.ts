import type { commands } from '@shared/ipc/contract';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { z } from 'zod';
import { useConnection } from '../bridge/client';

export type AppInfo = z.output<(typeof commands)['app.info']['result']>;

/** What the shell around the page is and can do. */
export const useApp = defineStore('app', () => {
  const connection = useConnection();
  const info = ref<AppInfo>();
  connection.onConnected(async () => {
    info.value = await connection.call('app.info', {});
  });
  return { info };
});
