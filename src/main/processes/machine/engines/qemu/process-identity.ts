import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../../../platform/program';

const psMs = 3000;
/** PowerShell takes a second to start. */
const powerShellMs = 6000;

/**
 * When a process started, in words that differ for another process which got the same number later; undefined when
 * there is no such process, or the system does not tell.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const fields = await statFields(pid);
    // Field 22 of proc(5)'s `stat`: clock ticks since the computer started.
    return fields?.[19];
  }
  if (process.platform === 'win32') return windowsProcessStart(pid);
  try {
    const text = await runProgram('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], psMs);
    return text.trim() || undefined;
  } catch {
    return undefined; // ps fails when there is no such process
  }
}

/** In ticks of 100 ns since 1601, as Windows counts file times. */
async function windowsProcessStart(pid: number): Promise<string | undefined> {
  const system = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32');
  const shell = join(system, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  const question = `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`;
  try {
    const text = await runProgram(
      shell,
      ['-NoProfile', '-NonInteractive', '-Command', question],
      powerShellMs,
    );
    return /^\d+$/.exec(text.trim())?.[0];
  } catch {
    return undefined; // no such process, or no PowerShell
  }
}

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

/** The fields of `stat` behind the program's name, which may contain anything; the first is the state. */
async function statFields(pid: number, file = 'stat'): Promise<string[] | undefined> {
  const text = await readProc(pid, file);
  if (text === undefined) return undefined;
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  // A zombie has ended; only nobody has asked how.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields;
}

async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // no such process
  }
}
