import type { HostKeys } from '@shared/desktop/choices';
import { holdsHostKeys, hostKeysText } from './key-combos';

/** What the console's window can show: the screen, a serial port by its number from 0, ssh, the engine's monitor. */
export type Tab = 'screen' | number | 'ssh' | 'monitor';
/** Those that show what a machine's engine says. */
export type TerminalTab = Exclude<Tab, 'screen' | 'ssh'>;

/** A tab as it is offered, with the keys that lead to it. */
export interface TabChoice {
  value: Tab;
  icon: string;
  chord: string;
}

/**
 * The tabs of a machine, in their order.
 *
 * @param ssh whether it has a network card, by which one can log in
 */
export function tabsOf(
  serialPorts: number,
  monitor: boolean,
  ssh: boolean,
  keys: HostKeys = 'ctrl-alt',
): TabChoice[] {
  const tabs: Omit<TabChoice, 'chord'>[] = [
    { value: 'screen', icon: 'i-lucide-monitor' },
    ...Array.from({ length: serialPorts }, (_, port) => ({ value: port, icon: 'i-lucide-square-terminal' })),
    ...(monitor ? [{ value: 'monitor' as const, icon: 'i-lucide-wrench' }] : []),
    ...(ssh ? [{ value: 'ssh' as const, icon: 'i-lucide-terminal' }] : []),
  ];
  return tabs.map((tab, index) => ({ ...tab, chord: `${hostKeysText[keys]}+${index + 1}` }));
}

type Chord = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>;

/**
 * The tab that a key press chooses, or undefined when the key is the guest's: it is where there is nothing to choose.
 */
export function tabOfChord(
  event: Chord,
  tabs: readonly TabChoice[],
  keys: HostKeys = 'ctrl-alt',
): Tab | undefined {
  if (!holdsHostKeys(event, keys) || tabs.length < 2) return undefined;
  const number = /^Digit([1-9])$/.exec(event.code)?.[1];
  return number === undefined ? undefined : tabs[Number(number) - 1]?.value;
}
