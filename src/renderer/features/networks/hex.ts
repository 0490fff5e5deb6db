/** Bytes of a base64 text. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const perLine = 16;
const shown = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');

/** Lines as hex editors show them: where, sixteen bytes, and what of them can be read. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const part = [...bytes.subarray(at, at + perLine)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(perLine * 3)} ${part.map(shown).join('')}`);
  }
  return lines;
}

/** Text as far as it is any: other bytes are dots, lines stay lines. */
export function readable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/[^\P{C}\n\t]/gu, '.');
}
