import type * as fs from 'node:fs/promises';

type Fs = typeof fs;

/** Which call that changes something on the host's disk fails, and with what. */
export interface HostFault {
  /** Calls so far. */
  calls: number;
  /** The number of the one that fails, counted from 1; none by default. */
  failAt: number;
  /** How many fail from there on. */
  count: number;
  code: 'ENOSPC' | 'EIO';
  /** Only calls that make data durable are counted. */
  onlySyncs: boolean;
  /** From the failing call on nothing is changed any more, nor removed: as if the program had been killed there. */
  dies?: boolean;
  /** Files that were opened and not closed. */
  open: Set<fs.FileHandle>;
}

const none = {
  calls: 0,
  failAt: Infinity,
  count: 1,
  code: 'ENOSPC',
  onlySyncs: false,
  dies: false,
} as const;

/** The one that the file of tests is about which has mocked `node:fs/promises`. */
export const fault: HostFault = { ...none, open: new Set() };

/** Counts from the beginning, for the next failure. */
export function arm(settings: Partial<HostFault>): void {
  Object.assign(fault, none, settings);
  fault.open.clear();
}

const changing = ['writeFile', 'rename', 'link', 'mkdir', 'copyFile', 'cp', 'unlink', 'truncate'] as const;
const writing = new Set(['write', 'writev', 'writeFile', 'truncate']);
const syncing = new Set(['sync', 'datasync']);

/**
 * `node:fs/promises` on a host whose disk fails: for `vi.mock`. Removing files that a failed operation has left is
 * possible on a full disk, and so `rm` never fails, unless the program has died.
 */
export function faultyFs(real: Fs): Fs {
  const check = (isSync: boolean): void => {
    if (fault.onlySyncs && !isSync) return;
    fault.calls++;
    if (fault.calls >= fault.failAt && fault.calls < fault.failAt + fault.count) fail();
  };
  const fail = (): never => {
    const text = fault.code === 'ENOSPC' ? 'no space left on device' : 'i/o error';
    throw Object.assign(new Error(`${fault.code}: ${text}`), {
      code: fault.code,
      errno: fault.code === 'EIO' ? -5 : -28,
    });
  };
  const handleOf = (handle: fs.FileHandle): fs.FileHandle =>
    new Proxy(handle, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (key === 'close') fault.open.delete(target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const name = String(key);
          if (writing.has(name) || syncing.has(name)) {
            try {
              check(syncing.has(name));
            } catch (error) {
              return Promise.reject(error as Error);
            }
          }
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  const wrapped: Record<string, unknown> = { ...real };
  for (const name of changing) {
    wrapped[name] = async (...args: unknown[]): Promise<unknown> => {
      check(false);
      return Reflect.apply(real[name] as (...args: unknown[]) => unknown, real, args);
    };
  }
  wrapped['rm'] = async (...args: Parameters<Fs['rm']>): Promise<void> => {
    if (fault.dies && fault.calls >= fault.failAt) fail();
    return real.rm(...args);
  };
  wrapped['open'] = async (...args: Parameters<Fs['open']>): Promise<fs.FileHandle> => {
    const handle = await real.open(...args);
    fault.open.add(handle);
    return handleOf(handle);
  };
  return wrapped as unknown as Fs;
}
