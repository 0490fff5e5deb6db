import type { ImageUse, LibraryImage } from '@shared/disk/library';
import { useI18n } from 'vue-i18n';
import { useMachines } from '../../stores/machines';

/** What images are called and used by, in the person's language. */
export function useImageTexts() {
  const { t } = useI18n();
  const machines = useMachines();
  const nameOf = (id: string): string => machines.byId.get(id)?.name ?? id;
  const numberOf = (id: string): number => Number(id.replace(/\D/g, '')) + 1;

  function useText(use: ImageUse): string {
    switch (use.by) {
      case 'machine':
        return t('media.use.machine', { number: numberOf(use.disk) });
      case 'snapshot':
        return t('media.use.snapshot', { name: use.name });
      case 'drive':
        return t('media.use.drive', { name: nameOf(use.machine) });
      case 'chain':
        return t('media.use.chain');
      case 'kept':
        return t('media.use.kept');
      case 'unknown':
        return t('media.use.unknown');
    }
  }

  /** In one line. */
  const usesText = ({ usedBy }: LibraryImage): string =>
    usedBy.length === 0 ? t('media.use.nobody') : usedBy.map(useText).join(', ');

  return { nameOf, useText, usesText };
}
