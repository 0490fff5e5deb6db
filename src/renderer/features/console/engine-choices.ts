import type { MachineSummary } from '@shared/machine/summary';
import { computed, type ComputedRef, type Ref } from 'vue';
import { useHost } from '../../stores/host';
import { usePreferences } from '../../stores/preferences';
import { reportError } from '../../ui/notify';
import type { EngineChoices } from './menus';

/**
 * What the machine's engine adds to what can be seen. Its monitor is offered to experts who ask for it, once and in
 * every window.
 */
export function useEngineChoices(
  machine: Ref<MachineSummary | null | undefined>,
): ComputedRef<EngineChoices> {
  const host = useHost();
  const preferences = usePreferences();
  const offered = computed(() => preferences.current?.monitor === true);
  const toggle = (): void => {
    preferences.set({ monitor: !offered.value }).catch(reportError);
  };
  return computed(() => {
    const engine = machine.value?.config?.engine;
    const can = engine === undefined ? undefined : host.capabilities.get(engine);
    return {
      resizesScreen: can?.resizesScreen === true,
      monitor: can?.monitor ? { offered: offered.value, toggle } : undefined,
    };
  });
}
