import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { runProgram } from './program';

const psMs = 3000;
/** PowerShell takes a second to start. */
const powerShellMs = 6000;

/**
 * When a process started, in words that differ for another process which got the same number later; undefined when
 * there is no such process.
 *
 * @throws Failure `host.unavailable` when the system does not tell, which says nothing about the process
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const fields = await statFields(pid);
    // Field 22 of proc(5)'s `stat`: clock ticks since the computer started.
    return fields?.[19];
  }
  const text = await (process.platform === 'win32' ? windowsStart(pid) : unixStart(pid)).catch(
    (error: unknown) => {
      // Both programs say by their status that there is no such process; what ended otherwise has said nothing.
      if (typeof (error as { code?: unknown }).code === 'number') return '';
      throw new Failure('host.unavailable', phrase('qemuTalk.started', { pid }), {
        cause: error,
      });
    },
  );
  return text.trim() || undefined;
}

function unixStart(pid: number): Promise<string> {
  return runProgram('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], psMs);
}

/** In ticks of 100 ns since 1601, as Windows counts file times. */
function windowsStart(pid: number): Promise<string> {
  const system = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32');
  const shell = join(system, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  const question = `(Get-Process -Id ${pid} -ErrorAction Stop).StartTime.ToFileTimeUtc()`;
  return runProgram(shell, ['-NoProfile', '-NonInteractive', '-Command', question], powerShellMs);
}

/**
 * The fields of `stat` behind the program's name, which may contain anything; the first is the state. Undefined for a
 * process that is gone. Linux only.
 */
export async function statFields(pid: number, file = 'stat'): Promise<string[] | undefined> {
  const text = await readProc(pid, file);
  if (text === undefined) return undefined;
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  // A zombie has ended; only nobody has asked how.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields;
}

/** A file that the kernel has about a process; undefined when that is gone. Linux only. */
export async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // no such process
  }
}
