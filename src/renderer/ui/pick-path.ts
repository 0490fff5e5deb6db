import type { commands } from '@shared/ipc/contract';
import { shallowRef } from 'vue';
import type { z } from 'zod';
import { call } from '../bridge/client';
import { useApp } from '../stores/app';

export type PickPurpose = z.input<(typeof commands)['host.pickPath']['params']>['purpose'];

interface OpenPick {
  purpose: PickPurpose;
  answer: (path: string | null) => void;
}

/** The choice that is being made in the page's own file chooser; drawn by `FileBrowser`. */
export const openPick = shallowRef<OpenPick>();

/**
 * Lets the person choose a file or folder of the computer that Vivarium runs on: by the system's own dialog where
 * the shell has one, else by our file chooser. Resolves with an absolute path, or null when cancelled.
 */
export function usePickPath() {
  const app = useApp();
  return async function pickPath(purpose: PickPurpose): Promise<string | null> {
    if (app.info?.nativeDialogs) return call('host.pickPath', { purpose });
    openPick.value?.answer(null);
    return new Promise((resolve) => {
      openPick.value = {
        purpose,
        answer: (path) => {
          openPick.value = undefined;
          resolve(path);
        },
      };
    });
  };
}
