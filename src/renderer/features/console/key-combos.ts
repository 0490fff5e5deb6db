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
export const hostChords: Record<HostCommand, string> = {
  toolbar: 'Ctrl+Alt+M',
  'release-mouse': 'Ctrl+Alt+G',
  'full-screen': 'F11',
  'take-snapshot': 'Ctrl+Shift+S',
};

type Chord = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>;

/** The command of a key press, or undefined when the key is the guest's. */
export function hostCommand(event: Chord): HostCommand | undefined {
  if (event.metaKey) return undefined;
  if (event.shiftKey) {
    const chord = event.ctrlKey && !event.altKey && event.code === 'KeyS';
    return chord ? 'take-snapshot' : undefined;
  }
  if (event.ctrlKey && event.altKey) {
    if (event.code === 'KeyM') return 'toolbar';
    if (event.code === 'KeyG') return 'release-mouse';
    if (event.code === 'Enter') return 'full-screen';
  }
  if (event.code === 'F11' && !event.ctrlKey && !event.altKey) return 'full-screen';
  return undefined;
}
