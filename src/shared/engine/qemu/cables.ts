/** `-netdev stream` came with QEMU 7.2; an older one gives its network cards cables that end nowhere. */
export function hasStreamCables(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => parseInt(part, 10));
  return major > 7 || (major === 7 && minor >= 2);
}
