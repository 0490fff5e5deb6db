import { Failure } from '@shared/errors';
import type { Client } from './connect';

/**
 * A machine by its id or its name, whatever the case of its letters; a part of the name will do where only one has it.
 *
 * @throws Failure `machine.not-found`, `input.invalid` where several could be meant
 */
export async function findMachine(client: Client, word: string): Promise<string> {
  return pick(await client.call('machine.list', {}), word, 'machine', 'machine.not-found');
}

/** A snapshot of a machine, in the same way. @throws Failure `snapshot.not-found`, `input.invalid` */
export async function findSnapshot(client: Client, machine: string, word: string): Promise<string> {
  const { snapshots } = await client.call('snapshot.list', { id: machine });
  return pick(snapshots, word, 'snapshot', 'snapshot.not-found');
}

/** Pure. Exact names go before those that only look alike, and those before parts of names. */
export function pick(
  candidates: readonly { id: string; name: string }[],
  word: string,
  what: 'machine' | 'snapshot',
  missing: 'machine.not-found' | 'snapshot.not-found',
): string {
  const wanted = word.toLocaleLowerCase();
  const ways: ((one: { id: string; name: string }) => boolean)[] = [
    ({ id }) => id === word,
    ({ name }) => name === word,
    ({ name }) => name.toLocaleLowerCase() === wanted,
    ({ name }) => wanted !== '' && name.toLocaleLowerCase().includes(wanted),
  ];
  for (const way of ways) {
    const found = candidates.filter(way);
    if (found[0] && found.length === 1) return found[0].id;
    if (found.length > 1) {
      const names = found.map(({ id, name }) => `“${name}” (${id})`).join(', ');
      throw new Failure('input.invalid', `“${word}” could be several: ${names}.`, { hint: 'Give the id.' });
    }
  }
  throw new Failure(missing, `There is no ${what} “${word}”.`);
}
