import type { DropdownMenuItem } from '@nuxt/ui/components/DropdownMenu.vue';
import type { MachineSummary } from '@shared/machine/summary';
import { computed, watch, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { useSnapshots } from '../../stores/snapshots';
import { formatTime } from '../../ui/format';
import { askRestore, askTake } from './dialogs';
import { canDo } from './rules';

/** As many as a submenu shows; the others are on the page of the manager window. */
const recentCount = 10;

/** Snapshots as the console's menu *Machine* offers them. */
export function useConsoleSnapshots(machine: Ref<MachineSummary | null | undefined>, chord: string) {
  const { t, locale } = useI18n();
  const snapshots = useSnapshots();
  watch(
    () => machine.value && !machine.value.inaccessible && machine.value.id,
    (id) => id && void snapshots.load(id),
    { immediate: true },
  );

  const job = computed(() => machine.value && snapshots.jobOf(machine.value.id));
  const takeable = computed(() => !job.value && canDo('takeSnapshot', machine.value));
  const restorable = computed(() => !job.value && canDo('restoreSnapshot', machine.value));

  function take(): void {
    if (takeable.value && machine.value) askTake(machine.value);
  }

  const recent = computed<DropdownMenuItem[]>(() => {
    const list = machine.value && snapshots.lists.get(machine.value.id);
    const newest = [...(list?.snapshots ?? [])].reverse().slice(0, recentCount);
    return newest.map((snapshot) => ({
      label: snapshot.name,
      description: formatTime(snapshot.createdAt, locale.value),
      icon: snapshot.memory ? 'i-lucide-memory-stick' : 'i-lucide-hard-drive',
      onSelect: () => machine.value && askRestore(machine.value, snapshot),
    }));
  });

  /** The group of the menu. */
  const items = computed<DropdownMenuItem[]>(() => [
    {
      label: t('snapshots.console.take'),
      icon: 'i-lucide-git-branch-plus',
      kbds: [chord],
      disabled: !takeable.value,
      onSelect: take,
    },
    recent.value.length > 0
      ? {
          label: t('snapshots.console.restore'),
          icon: 'i-lucide-history',
          disabled: !restorable.value,
          children: recent.value,
        }
      : {
          label: t('snapshots.console.restore'),
          description: t('snapshots.console.none'),
          icon: 'i-lucide-history',
          disabled: true,
        },
  ]);

  return { items, take, job };
}
