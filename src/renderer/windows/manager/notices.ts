import { onBeforeUnmount } from 'vue';
import { useConnection } from '../../bridge/client';
import { announce } from '../../ui/announce';
import { phraseText } from '../../ui/errors';
import { notify } from '../../ui/notify';

/** Shows what machines want a person to know, though nothing is wrong now. */
export function useNotices(): void {
  const end = useConnection().on('machine.notice', ({ notice: { text, ref } }) => {
    const said = phraseText(ref, text);
    notify(said, { icon: 'i-lucide-info', color: 'warning' });
    void announce(said);
  });
  onBeforeUnmount(end);
}
