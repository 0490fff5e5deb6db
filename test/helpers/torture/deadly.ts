import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Counts what a process changes on the host's disk, and kills at the n-th change. To be imported by a process that is
 * tortured; the processes that it starts from then on count for themselves.
 */

/** When and whom death strikes. */
export interface Death {
  /** The number of the change, counted from 1. */
  at: number;
  /** `torn`: in the middle of a write. */
  moment: 'before' | 'torn' | 'after';
  /** The program alone dies, and its helpers find that out; or else all processes at once. */
  alone: boolean;
}

/** How a process tells those that it starts. */
export const deathVariable = 'VIVARIUM_TORTURE_DEATH';

const given = process.env[deathVariable];
let death = given === undefined || given === '' ? undefined : (JSON.parse(given) as Death);
let calls = 0;
/** Whether this process is a helper of the program. */
let isHelper = true;

/** To be called by the program itself, as opposed to its helpers. */
export function isTheProgram(): void {
  isHelper = false;
}

/** Counts from the beginning. */
export function arm(wanted: Death | undefined): void {
  calls = 0;
  death = wanted;
  process.env[deathVariable] = wanted ? JSON.stringify(wanted) : '';
}

/** Changes since `arm`, of this process. */
export const changes = (): number => calls;

/** Whoever is a helper's parent later has adopted it, and is none of those that are tortured. */
const parent = process.ppid;

function strike({ alone }: Death): void {
  // A process of number 0 stands for all of this one's group.
  if (!alone) process.kill(0, 'SIGKILL');
  else if (!isHelper) process.kill(process.pid, 'SIGKILL');
  else if (process.ppid === parent) process.kill(parent, 'SIGKILL');
}

type Change = (...args: unknown[]) => Promise<unknown>;

function deadly(work: Change, torn?: Change): Change {
  return async function (this: unknown, ...args) {
    calls++;
    const mine = calls === death?.at ? death : undefined;
    if (mine?.moment === 'before') strike(mine);
    const half = mine?.moment === 'torn' ? torn : undefined;
    const result = await (half ?? work).apply(this, args);
    if (mine) strike(mine);
    return result;
  };
}

const promises = fs.promises as unknown as Record<string, Change>;
for (const name of [
  ...(['copyFile', 'cp', 'link', 'mkdir', 'rename', 'rm', 'rmdir', 'symlink'] as const),
  ...(['truncate', 'unlink', 'utimes', 'writeFile'] as const),
]) {
  promises[name] = deadly(promises[name] as Change);
}
const some = await open(import.meta.filename);
const handles = Object.getPrototypeOf(some) as Record<string, Change>;
await some.close();
const write = handles['write'] as Change;
/** Half of what `write(data, offset, length, position)` would write. */
const halfWrite: Change = function (this: unknown, data, offset, length, ...rest) {
  return write.call(this, data, offset, typeof length === 'number' ? length >> 1 : length, ...rest);
};
handles['write'] = deadly(write, halfWrite);
for (const name of ['writeFile', 'truncate', 'sync', 'datasync'])
  handles[name] = deadly(handles[name] as Change);
syncBuiltinESMExports();
