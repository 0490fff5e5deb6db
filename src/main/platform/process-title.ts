import type { ProcessEntry } from './process-host';

/** What a process list shows of a helper process. @param label may be what a person typed */
export function processTitle(entry: ProcessEntry, label: string): string {
  // A title is one line of visible characters.
  return `vivarium ${entry}: ${label.replace(/\p{C}/gu, ' ').slice(0, 80)}`;
}
