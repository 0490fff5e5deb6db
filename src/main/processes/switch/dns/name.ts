/** Domain names (RFC 1035, 3.1; RFC 1123, 2.1). */
const longestLabel = 63;
const longestName = 253;
const maxJumps = 32;

/**
 * A name that a person or a guest has given, as a label of a host name; null when nothing of it is left. “Büro PC”
 * becomes `buro-pc`.
 */
export function labelOf(text: string): string | null {
  const label = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longestLabel)
    .replace(/^-+|-+$/g, '');
  return label === '' ? null : label;
}

/** The name as it is on the wire. Precondition: labels of 1 to 63 bytes of ASCII. */
export function encodeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.of(0),
  ]);
}

/**
 * The name at `start`, its Latin letters in lower case (RFC 4343, 3.2), and where it ends. A dot in a label is written
 * with a backslash (RFC 1035, 5.1): as two labels it would be the name of somebody else.
 *
 * @returns undefined when it is none: it reaches beyond the message, or turns in circles
 */
export function decodeName(message: Buffer, start: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let position = start;
  let end: number | undefined;
  let length = 0;
  for (let jumps = 0; jumps <= maxJumps;) {
    const size = message[position];
    if (size === undefined) return undefined;
    if (size >= 0xc0) {
      const low = message[position + 1];
      if (low === undefined) return undefined;
      end ??= position + 2;
      position = ((size & 0x3f) << 8) | low;
      jumps++;
    } else if (size > longestLabel) {
      return undefined;
    } else if (size === 0) {
      return { name: labels.join('.'), end: end ?? position + 1 };
    } else {
      const next = position + 1 + size;
      length += size + 1;
      if (next > message.length || length > longestName + 1) return undefined;
      labels.push(plainLabel(message.toString('latin1', position + 1, next)));
      position = next;
    }
  }
  return undefined;
}

function plainLabel(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[.\\]/g, '\\$&');
}
