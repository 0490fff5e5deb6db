import { onBeforeUnmount } from 'vue';
import { useI18n } from 'vue-i18n';
import { useConnection } from '../../bridge/client';
import { useMachines } from '../../stores/machines';
import { announce } from '../../ui/announce';

/** States that are passed through quickly are not worth a sentence. */
const passing = new Set(['starting', 'stopping', 'saving', 'restoring']);

/** Lets screen readers say when a machine's state has changed. */
export function useStateAnnouncements(): void {
  const { t } = useI18n();
  const machines = useMachines();
  const known = new Map<string, string>();
  const end = useConnection().on('machine.changed', ({ id, name, state }) => {
    const before = known.get(id) ?? machines.byId.get(id)?.state;
    known.set(id, state);
    if (before === undefined || before === state || passing.has(state)) return;
    void announce(t('app.stateChanged', { name, state: t(`common.state.${state}`) }));
  });
  onBeforeUnmount(end);
}
