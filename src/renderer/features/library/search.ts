import type { MachineSummary } from '@shared/machine/summary';

const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** Whether every word of a search is found in a machine's name, notes, guest, engine or folder. */
export function matches({ name, folder, config }: MachineSummary, search: string): boolean {
  const text = folded(
    [name, folder, config?.notes, config?.guest, config?.engine].filter(Boolean).join('\n'),
  );
  return folded(search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}
