import type { UpdateStatus } from '@shared/updates/status';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { useConnection } from '../bridge/client';

/** What is known of newer versions of the program. */
export const useUpdates = defineStore('updates', () => {
  const connection = useConnection();
  const status = ref<UpdateStatus>();
  const version = ref('');

  connection.on('updates.changed', (value) => (status.value = value));
  connection.onConnected(async () => {
    const [info, known] = await Promise.all([
      connection.call('app.info', {}),
      connection.call('updates.get', {}),
    ]);
    version.value = info.version;
    status.value = known;
  });

  return {
    status,
    version,
    check: () => connection.call('updates.check', {}),
    download: () => connection.call('updates.download', {}),
    cancel: () => connection.call('updates.cancel', {}),
    install: () => connection.call('updates.install', {}),
  };
});
