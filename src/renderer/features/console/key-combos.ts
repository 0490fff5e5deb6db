import type { HostKeys } from '@shared/desktop/choices';

/** Keys that the host keeps for itself, offered in a menu to be sent to the guest. */
export interface KeyCombo {
  id: string;
  /** What a person reads; key caps are the same in every language of the interface. */
  label: string;
  /** Names of `KeyboardEvent.code`, pressed in this order. */
  keys: string[];
}

const combo = (label: string, ...keys: string[]): KeyCombo => ({
  id: label.toLowerCase().replaceAll('+', '-').replaceAll(' ', '-'),
  label,
  keys,
});

/** Groups, separated in the menu. */
export const keyCombos: KeyCombo[][] = [
  [
    combo('Ctrl+Alt+Del', 'ControlLeft', 'AltLeft', 'Delete'),
    combo('Ctrl+Alt+Backspace', 'ControlLeft', 'AltLeft', 'Backspace'),
  ],
  Array.from({ length: 6 }, (_, index) =>
    combo(`Ctrl+Alt+F${index + 1}`, 'ControlLeft', 'AltLeft', `F${index + 1}`),
  ),
  [
    combo('Alt+Tab', 'AltLeft', 'Tab'),
    combo('Alt+F4', 'AltLeft', 'F4'),
    combo('Super', 'MetaLeft'),
    combo('Print Screen', 'PrintScreen'),
    combo('Esc', 'Escape'),
    combo('F11', 'F11'),
  ],
];

/** What a key chord does in the console window instead of going to the guest. */
export type HostCommand = 'toolbar' | 'release-mouse' | 'full-screen' | 'take-snapshot';

/** The chords as a person reads them. */
export type HostChords = Record<HostCommand, string>;

/** What a person reads who has chosen these keys. */
export const hostKeysText: Record<HostKeys, string> = {
  'ctrl-alt': 'Ctrl+Alt',
  'ctrl-alt-shift': 'Ctrl+Alt+Shift',
  'ctrl-shift': 'Ctrl+Shift',
};

/** The chords with the host keys that a person has chosen. */
export function hostChordsWith(keys: HostKeys): HostChords {
  return {
    toolbar: `${hostKeysText[keys]}+M`,
    'release-mouse': `${hostKeysText[keys]}+G`,
    'full-screen': 'F11',
    'take-snapshot': 'Ctrl+Shift+S',
  };
}

/** Whether exactly the host keys are held down. */
export function holdsHostKeys(event: Omit<Chord, 'code'>, keys: HostKeys): boolean {
  return (
    !event.metaKey &&
    event.ctrlKey === keys.includes('ctrl') &&
    event.altKey === keys.includes('alt') &&
    event.shiftKey === keys.includes('shift')
  );
}

type Chord = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>;

/** The command of a key press, or undefined when the key is the guest's. */
export function hostCommand(event: Chord, keys: HostKeys = 'ctrl-alt'): HostCommand | undefined {
  if (holdsHostKeys(event, keys)) {
    if (event.code === 'KeyM') return 'toolbar';
    if (event.code === 'KeyG') return 'release-mouse';
    if (event.code === 'Enter') return 'full-screen';
  }
  if (holdsHostKeys(event, 'ctrl-shift') && event.code === 'KeyS') return 'take-snapshot';
  const bare = !event.ctrlKey && !event.altKey && !event.shiftKey && !event.metaKey;
  return bare && event.code === 'F11' ? 'full-screen' : undefined;
}
