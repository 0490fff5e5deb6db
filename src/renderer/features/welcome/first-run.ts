import { nextTick, watch } from 'vue';
import { useRouter } from 'vue-router';
import { useMachines } from '../../stores/machines';
import { usePreferences } from '../../stores/preferences';
import { reportError } from '../../ui/notify';

/**
 * Shows the welcome to a person who has no machines and has not seen it; once they have left it they never see it
 * again.
 */
export function useFirstRun(): void {
  const router = useRouter();
  const machines = useMachines();
  const preferences = usePreferences();

  const stop = router.afterEach((to, from) => {
    if (from.name !== 'welcome' || to.name === 'welcome') return;
    stop();
    preferences.set({ welcomed: true }).catch(reportError);
  });

  const known = watch(
    () => machines.loaded && preferences.current !== undefined,
    (loaded) => {
      if (!loaded) return;
      void nextTick(() => known());
      const { name, query } = router.currentRoute.value;
      // Whoever is led somewhere, by a link or a file, is not in need of a welcome.
      const idle = name === 'library' && Object.keys(query).length === 0;
      if (idle && machines.all.length === 0 && preferences.current?.welcomed !== true) {
        void router.replace({ name: 'welcome' });
      }
    },
    { immediate: true },
  );
}
