import type { MachineSummary } from '@shared/machine/summary';
import { computed, type ComputedRef, type Ref } from 'vue';
import { useHost } from '../../stores/host';
import { usePreferences } from '../../stores/preferences';
import { reportError } from '../../ui/notify';
import type { MonitorChoice } from './menus';

/** Whether the monitor of the machine's engine is offered: experts ask for it once, and every window knows. */
export function useMonitorChoice(
  machine: Ref<MachineSummary | null | undefined>,
): ComputedRef<MonitorChoice | undefined> {
  const host = useHost();
  const preferences = usePreferences();
  const offered = computed(() => preferences.current?.monitor === true);
  const toggle = (): void => {
    preferences.set({ monitor: !offered.value }).catch(reportError);
  };
  return computed(() => {
    const engine = machine.value?.config?.engine;
    const hasOne = engine !== undefined && host.capabilities.get(engine)?.monitor === true;
    return hasOne ? { offered: offered.value, toggle } : undefined;
  });
}
