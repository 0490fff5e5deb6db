/** Does something without root's rights, to whom no file is closed. Elsewhere it is simply done. */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534); // nobody
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
