/**
 * The first name of the pattern that no snapshot has, beginning with the number after theirs.
 * @param named gives the name of a number, in the page's language
 */
export function freeName(taken: readonly string[], named: (number: number) => string): string {
  const known = new Set(taken);
  let number = taken.length + 1;
  while (known.has(named(number))) number++;
  return named(number);
}
