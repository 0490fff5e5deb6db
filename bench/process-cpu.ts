import fs from 'node:fs';

/** Clock ticks a second in `/proc` (USER_HZ, fixed at 100 on Linux). */
const ticksPerSecond = 100;

interface Entry {
  parent: number;
  ticks: number;
}

/** What `/proc/PID/stat` says (proc(5)): the name may hold anything, so fields are counted from its last bracket. */
function readEntry(path: string): Entry | undefined {
  try {
    const text = fs.readFileSync(`/proc/${path}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined; // it has ended
  }
}

/** Milliseconds that the main thread of a process has computed so far; steps of 10. Linux only. */
export function threadCpuMs(pid: number): number {
  return ((readEntry(`${pid}/task/${pid}`)?.ticks ?? 0) * 1000) / ticksPerSecond;
}

/**
 * Milliseconds that the threads of a process have computed so far, without those of an emulated processor, which
 * QEMU names `CPU 0/TCG` and the like. Linux only.
 */
export function pictureCpuMs(pid: number): number {
  let ticks = 0;
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    const task = `${pid}/task/${thread}`;
    if (fs.readFileSync(`/proc/${task}/comm`, 'utf8').startsWith('CPU ')) continue;
    ticks += readEntry(task)?.ticks ?? 0;
  }
  return (ticks * 1000) / ticksPerSecond;
}

/** CPU seconds that a process and everything below it have used so far. Linux only. */
export function treeCpuSeconds(root: number): number {
  const entries = new Map<number, Entry>();
  for (const name of fs.readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readEntry(name) : undefined;
    if (entry) entries.set(Number(name), entry);
  }
  const belongs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = entries.get(at)?.parent ?? 0) if (at === root) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, entry] of entries) if (belongs(pid)) ticks += entry.ticks;
  return ticks / ticksPerSecond;
}

/** Cores that a process tree keeps busy over a stretch of time (1 = one whole core). */
export async function treeLoad(root: number, milliseconds: number): Promise<number> {
  const before = treeCpuSeconds(root);
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return (treeCpuSeconds(root) - before) / ((performance.now() - started) / 1000);
}
