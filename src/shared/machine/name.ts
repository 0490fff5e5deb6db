/** Rules for machine names and the folder names made of them. Pure. */

/** Characters that a name may hold at most (code points). */
export const maxNameLength = 64;

export type NameProblem = 'empty' | 'too-long' | 'control-character' | 'taken';

/** What is wrong with a name as typed, or undefined. Emoji, slashes and every script are fine in a name. */
export function nameProblem(name: string, taken: Iterable<string>): NameProblem | undefined {
  const wanted = normalizeName(name);
  if (wanted === '') return 'empty';
  if ([...wanted].length > maxNameLength) return 'too-long';
  // C0, DEL, C1, line and paragraph separators, bidirectional overrides: invisible, or they reorder what follows
  if (/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(wanted)) return 'control-character';
  const key = comparable(wanted);
  for (const other of taken) if (comparable(other) === key) return 'taken';
  return undefined;
}

/** A name as it is kept: trimmed, composed (NFC), inner white space folded to single spaces. */
export function normalizeName(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[ \t]+/g, ' ')
    .trim();
}

/** Two names that compare equal look the same to a person (and to a case-insensitive file system). */
function comparable(name: string): string {
  return normalizeName(name).toLocaleLowerCase('en');
}

/** The first of `name`, `name 2`, `name 3` … that is not taken. */
export function freeName(name: string, taken: Iterable<string>): string {
  const others = [...taken];
  const base = normalizeName(name) || 'Machine';
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? '' : ` ${count}`;
    const candidate =
      [...base]
        .slice(0, maxNameLength - suffix.length)
        .join('')
        .trim() + suffix;
    if (nameProblem(candidate, others) !== 'taken') return candidate;
  }
}

/** A folder name for a machine: ASCII letters, digits and dashes of the name, then the id's first 8 characters. */
export function folderName(name: string, id: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return `${slug || 'machine'}-${id.slice(0, 8)}`;
}
