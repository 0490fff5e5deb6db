import type { ImageCheck, LibraryImage } from '@shared/disk/library';
import { useI18n } from 'vue-i18n';
import { call } from '../../bridge/client';
import { useApp } from '../../stores/app';
import { useDiskLibrary } from '../../stores/disk-library';
import { useJobs } from '../../stores/jobs';
import { useConfirm } from '../../ui/confirm';
import { formatBytes } from '../../ui/format';
import { notify } from '../../ui/notify';
import { usePickPath } from '../../ui/pick-path';
import { openAttach, openExport, openResize } from './dialogs';
import { diskOf, type ImageAction, innerPathOf } from './rules';

interface Options {
  report: (error: unknown) => void;
  /** Takes what a check of an image found. */
  checked: (path: string, result: ImageCheck) => void;
}

/** Does what can be done with images, asking first where something would be lost. */
export function useImageActions({ report, checked }: Options) {
  const { t, locale } = useI18n();
  const app = useApp();
  const jobs = useJobs();
  const library = useDiskLibrary();
  const confirm = useConfirm();
  const pickPath = usePickPath();

  async function compact(machine: string, image: LibraryImage): Promise<void> {
    const { before, after } = await library.compact(machine, innerPathOf(image));
    const freed = Math.max(0, before - after);
    notify(t('media.compact.done', { size: formatBytes(freed, locale.value) }), { icon: 'i-lucide-shrink' });
  }

  async function repair(machine: string, image: LibraryImage): Promise<void> {
    await library.repair(machine, innerPathOf(image));
    notify(t('media.repair.done'), { icon: 'i-lucide-wrench' });
    checked(image.path, await library.check(machine, innerPathOf(image)));
  }

  async function move(image: LibraryImage): Promise<void> {
    const folder = await pickPath('target-folder');
    if (folder === null) return;
    await library.move(image.path, folder);
    notify(t('media.move.done', { name: image.name }), { icon: 'i-lucide-folder-input' });
  }

  async function remove(image: LibraryImage): Promise<void> {
    const how = await confirm<'trash' | 'erase'>({
      title: t('media.remove.title', { name: image.name }),
      message: t('media.remove.message'),
      details: [image.path],
      choices: [
        ...(app.info?.canTrash
          ? [
              {
                value: 'trash' as const,
                label: t('library.delete.trash'),
                description: t('media.remove.trashHint'),
                icon: 'i-lucide-trash-2',
              },
            ]
          : []),
        {
          value: 'erase',
          label: t('library.delete.erase'),
          description: t('media.remove.eraseHint'),
          icon: 'i-lucide-flame',
          color: 'error',
        },
      ],
    });
    if (how) await library.remove(image.path, how);
  }

  async function detach(image: LibraryImage): Promise<void> {
    const use = diskOf(image);
    if (!use) return;
    const kept = await confirm<'keep' | 'erase'>({
      title: t('media.detach.title', { name: image.name }),
      message: t('media.detach.message'),
      choices: [
        {
          value: 'keep',
          label: t('media.detach.keep'),
          description: t('media.detach.keepHint'),
          icon: 'i-lucide-archive',
        },
        {
          value: 'erase',
          label: t('media.detach.erase'),
          description: t('media.detach.eraseHint'),
          icon: 'i-lucide-flame',
          color: 'error',
        },
      ],
    });
    if (!kept) return;
    const { jobId } = await call('machine.removeDisk', { id: use.machine, disk: use.disk, image: kept });
    await jobs.finished(jobId);
    await library.load();
  }

  async function act(action: ImageAction, image: LibraryImage): Promise<void> {
    const machine = image.machine ?? '';
    switch (action) {
      case 'check':
        return checked(image.path, await library.check(machine, innerPathOf(image)));
      case 'compact':
        return compact(machine, image);
      case 'repair':
        return repair(machine, image);
      case 'toQcow2':
        return library.toQcow2(machine, innerPathOf(image));
      case 'resize':
        openResize.value = { image, report };
        return;
      case 'export':
        openExport.value = { image, report };
        return;
      case 'attach':
        openAttach.value = { image, report };
        return;
      case 'detach':
        return detach(image);
      case 'move':
        return move(image);
      case 'remove':
        return remove(image);
    }
  }

  const run = (action: ImageAction, image: LibraryImage): Promise<void> => act(action, image).catch(report);
  return { run };
}
