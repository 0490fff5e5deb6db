import { desktopChoices } from '@shared/desktop/choices';
import { computed } from 'vue';
import { usePreferences } from '../../stores/preferences';
import { hostChordsWith } from './key-combos';

/** The keys that are the window's own, as the person has chosen them. */
export function useHostChords() {
  const preferences = usePreferences();
  const keys = computed(() => desktopChoices(preferences.current).hostKeys);
  const chords = computed(() => hostChordsWith(keys.value));
  return { keys, chords };
}
