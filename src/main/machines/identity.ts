import { randomBytes, randomInt } from 'node:crypto';

const idCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new machine's id: 16 random characters, about 83 bits. */
export function newMachineId(): string {
  return Array.from({ length: 16 }, () => idCharacters[randomInt(idCharacters.length)]).join('');
}

/** A random hardware address behind the prefix that virtual adapters of QEMU use. None of `taken`. */
export function newMac(taken: ReadonlySet<string>): string {
  for (;;) {
    const mac = `52:54:00:${(randomBytes(3).toString('hex').match(/../g) ?? []).join(':')}`;
    if (!taken.has(mac)) return mac;
  }
}
