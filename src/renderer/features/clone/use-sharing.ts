import { useI18n } from 'vue-i18n';
import { useClones } from '../../stores/clones';
import { errorText } from '../../ui/errors';

/** Says which other machines have disk images in common with some. */
export function useSharing() {
  const { t } = useI18n();
  const clones = useClones();

  /**
   * A sentence for a question about machines. Empty where nobody shares anything with them.
   *
   * @param sentence made of the names of those who do
   */
  return async function sharingText(
    machines: readonly { id: string; name: string }[],
    sentence: (names: string) => string,
  ): Promise<string[]> {
    try {
      const found = await Promise.all(machines.map(({ id }) => clones.sharing(id)));
      const names = new Set(found.flat().map(({ name }) => name));
      for (const { name } of machines) names.delete(name);
      return names.size === 0 ? [] : [sentence([...names].join(', '))];
    } catch (error) {
      return [t('clone.sharing.unknown', { reason: errorText(error).message })];
    }
  };
}
