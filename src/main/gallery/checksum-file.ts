export type HashAlgorithm = 'sha256' | 'sha512';

const digits: Record<HashAlgorithm, number> = { sha256: 64, sha512: 128 };

/** A file name that can be used as one everywhere, and as the last part of a URL. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;

export function isSafeFileName(name: string): boolean {
  return safeName.test(name) && !name.endsWith('.');
}

/**
 * Reads a checksum file as `sha256sum` writes it (`<hash>  <name>`, with `*` before the name for binary mode), or
 * its BSD form (`SHA256 (<name>) = <hash>`). Lines that are neither, and names that are not safe, are passed over.
 *
 * @returns hashes in lower case, by file name
 */
export function parseChecksumFile(text: string, algorithm: HashAlgorithm): Map<string, string> {
  const hash = `[0-9a-fA-F]{${digits[algorithm]}}`;
  const coreutils = new RegExp(`^(${hash}) [ *](?:\\./)?(\\S+)$`);
  const bsd = new RegExp(`^${algorithm.toUpperCase()} \\((?:\\./)?(\\S+)\\) = (${hash})$`);
  const hashes = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, plainHash, plainName] = coreutils.exec(line) ?? [];
    const [, bsdName, bsdHash] = bsd.exec(line) ?? [];
    const name = plainName ?? bsdName;
    const value = plainHash ?? bsdHash;
    if (name !== undefined && value !== undefined && isSafeFileName(name)) {
      hashes.set(name, value.toLowerCase());
    }
  }
  return hashes;
}

/** Of the names that match `pattern` as a whole, the one with the highest version numbers. */
export function newestMatch(names: Iterable<string>, pattern: string): string | undefined {
  const expression = new RegExp(`^(?:${pattern})$`);
  return [...names]
    .filter((name) => expression.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}
