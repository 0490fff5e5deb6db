/** Does work while nobody else does it who names the same file. */
export function withBuildLock<T>(file: string, work: () => Promise<T>): Promise<T>;
