import { readProc, statFields } from '../../../../platform/process-start';
import { runProgram } from '../../../../platform/program';

const psMs = 3000;

/** Processor time in seconds and resident memory in bytes that a process has used; undefined when it is gone. */
export async function processUsage(pid: number): Promise<{ cpu: number; memory: number } | undefined> {
  if (process.platform === 'linux') {
    const fields = await statFields(pid);
    const status = await readProc(pid, 'status');
    if (!fields || !status) return undefined;
    return {
      cpu: ticksToSeconds(fields),
      memory: 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0),
    };
  }
  if (process.platform === 'win32') return undefined;
  try {
    const text = await runProgram('/bin/ps', ['-o', 'time=,rss=', '-p', String(pid)], psMs);
    const [time = '', rss = '0'] = text.trim().split(/\s+/);
    const cpu = time.split(/[:-]/).reduce((seconds, part) => seconds * 60 + Number(part), 0);
    return { cpu, memory: 1024 * Number(rss) };
  } catch {
    return undefined; // gone
  }
}

/** Processor time in seconds that one thread of a process has used; undefined when it is gone. Linux only. */
export async function threadCpuSeconds(pid: number, thread: number): Promise<number | undefined> {
  const fields = await statFields(pid, `task/${thread}/stat`);
  return fields && ticksToSeconds(fields);
}

/** Fields 14 and 15: user and system time in ticks of a hundredth of a second, which Linux gives everyone. */
function ticksToSeconds(fields: readonly string[]): number {
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
