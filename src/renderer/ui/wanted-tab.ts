import { onBeforeUnmount, onMounted } from 'vue';

/**
 * Which tab of a machine's console somebody wants to see, told from one window to another: by what pages of one
 * origin store, which a window that is still to be opened finds as well.
 */
type WantedTab = 'ssh';

const keyOf = (machine: string): string => `console-tab:${machine}`;

/** To be called before the machine's console is opened or brought to the front. */
export function wantTab(machine: string, tab: WantedTab): void {
  localStorage.setItem(keyOf(machine), tab);
}

/** In the console's window: shows the tab that is wanted, at once or when it is. */
export function useWantedTab(machine: string, show: (tab: WantedTab) => void): void {
  const take = (): void => {
    if (localStorage.getItem(keyOf(machine)) !== 'ssh') return;
    localStorage.removeItem(keyOf(machine));
    show('ssh');
  };
  const onStorage = ({ key }: StorageEvent): void => void (key === keyOf(machine) && take());
  onMounted(() => {
    take();
    window.addEventListener('storage', onStorage);
  });
  onBeforeUnmount(() => window.removeEventListener('storage', onStorage));
}
