import { useI18n } from 'vue-i18n';
import type { MachineSummary } from '@shared/machine/summary';
import { call } from '../../bridge/client';
import { useJobs } from '../../stores/jobs';
import { useConfirm } from '../../ui/confirm';
import { notify } from '../../ui/notify';
import { usePickPath } from '../../ui/pick-path';
import { useSharing } from '../clone/use-sharing';

/** Puts machines' folders elsewhere: asks where to, and whether that is what is meant. */
export function useMove() {
  const { t } = useI18n();
  const jobs = useJobs();
  const sharingText = useSharing();
  const confirm = useConfirm();
  const pickPath = usePickPath();

  async function isMeant(machine: MachineSummary, into: string): Promise<boolean> {
    const { name, folder } = machine;
    const sharing = await sharingText([machine], (names) => t('library.move.sharing', { names }));
    const answer = await confirm({
      title: t('library.move.title', { name }),
      message: [t('library.move.message'), ...sharing].join(' '),
      details: [t('library.move.from', { folder }), t('library.move.into', { folder: into })],
      choices: [{ value: 'yes', label: t('library.move.now'), color: 'primary' }],
    });
    return answer === 'yes';
  }

  /** Resolves when the machine is in its new folder, or the person does not want it there. */
  return async function move(machine: MachineSummary): Promise<void> {
    const into = await pickPath('target-folder');
    if (into === null || !(await isMeant(machine, into))) return;
    const { jobId } = await call('machine.move', { id: machine.id, into });
    await jobs.finished(jobId);
    notify(t('library.move.done', { name: machine.name }), { icon: 'i-lucide-folder-input' });
  };
}
