import type { SnapshotEstimate, SnapshotList } from '@shared/snapshot/snapshot';
import { branchOf } from '@shared/snapshot/tree';
import { useI18n } from 'vue-i18n';
import { useSnapshots } from '../../stores/snapshots';
import { announce } from '../../ui/announce';
import { useConfirm, type Choice } from '../../ui/confirm';
import { formatBytes } from '../../ui/format';
import { notify } from '../../ui/notify';

/** Deletes snapshots after a question that says what it costs and brings. */
export function useRemove() {
  const { t, locale } = useI18n();
  const snapshots = useSnapshots();
  const confirm = useConfirm();
  const bytes = (count: number): string => formatBytes(count, locale.value);

  function consequences({ freedBytes, neededBytes, merged, mergesPresent }: SnapshotEstimate): string {
    const others = merged.length + (mergesPresent ? 1 : 0);
    return [
      t('snapshots.remove.freed', { size: bytes(freedBytes) }),
      ...(others > 0 && neededBytes > 0 ? [t('snapshots.remove.needed', { size: bytes(neededBytes) })] : []),
    ].join(' ');
  }

  /** @param ids of snapshots of `list`. Resolves when they are deleted or the person has thought better of it. */
  return async function remove(machineId: string, list: SnapshotList, ids: string[]): Promise<void> {
    const chosen = list.snapshots.filter(({ id }) => ids.includes(id));
    const only = chosen.length === 1 ? chosen[0] : undefined;
    if (chosen.length === 0) return;
    const branch = only ? branchOf(list.snapshots, only.id) : [];
    const withBranch = branch.length > 1;
    const [estimate, branchEstimate] = await Promise.all([
      snapshots.estimate(
        machineId,
        chosen.map(({ id }) => id),
      ),
      withBranch
        ? snapshots.estimate(
            machineId,
            branch.map(({ id }) => id),
          )
        : undefined,
    ]);

    const these: Choice<'these'> = {
      value: 'these',
      label: t('snapshots.remove.confirm', { count: chosen.length }, chosen.length),
      color: 'error',
      icon: 'i-lucide-trash-2',
    };
    const answer = await confirm<'these' | 'branch'>({
      title: t('snapshots.remove.title', { name: only?.name ?? '', count: chosen.length }, chosen.length),
      message: branchEstimate
        ? t('snapshots.remove.message')
        : `${t('snapshots.remove.message')} ${consequences(estimate)}`,
      details: only ? [] : chosen.map(({ name }) => name),
      choices: branchEstimate
        ? [
            { ...these, description: consequences(estimate) },
            {
              value: 'branch',
              label: t('snapshots.remove.branch', { count: branch.length }),
              description: consequences(branchEstimate),
              color: 'error',
              icon: 'i-lucide-git-branch',
            },
          ]
        : [these],
    });
    if (!answer) return;
    const removed = answer === 'branch' ? branch : chosen;
    await snapshots.remove(
      machineId,
      removed.map(({ id }) => id),
    );
    const done = t(
      'snapshots.remove.done',
      { count: removed.length, name: only?.name ?? '' },
      removed.length,
    );
    notify(done, { icon: 'i-lucide-trash-2' });
    void announce(done);
  };
}
