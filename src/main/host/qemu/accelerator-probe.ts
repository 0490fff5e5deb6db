import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Accelerator } from '@shared/engine/qemu/launch';
import type { Architecture } from '@shared/machine/config';
import { armProbe, armProbeAddress, probeExitPort, probeExitStatus, x86Probe } from './probe-code';

/** An accelerator that works is through in a tenth of this, in milliseconds. */
const probeMs = 2000;
const stderrLimit = 2000;

export interface ProbeResult {
  works: boolean;
  /** From the start of QEMU to its end, in milliseconds. */
  tookMs: number;
  /** What went wrong, for a person. */
  reason: string | null;
  /** It was not through in time. */
  late: boolean;
}

/** The parts of a QEMU command line that make a guest with nothing but the probe in it. */
interface ProbeGuest {
  code: Uint8Array;
  status: number;
  args: readonly string[];
}

function probeGuest(architecture: Architecture): ProbeGuest | undefined {
  switch (architecture) {
    case 'i386':
    case 'x86_64': {
      const { iobase, iosize } = probeExitPort;
      return {
        code: x86Probe(),
        status: probeExitStatus,
        args: [
          ...['-drive', 'file=probe,format=raw,if=ide,index=0,snapshot=on'],
          ...['-device', `isa-debug-exit,iobase=${iobase},iosize=${iosize}`],
        ],
      };
    }
    case 'aarch64':
      return {
        code: armProbe(),
        status: 0,
        args: ['-device', `loader,file=probe,addr=${armProbeAddress},cpu-num=0,force-raw=on`],
      };
    default:
      return undefined;
  }
}

/**
 * Whether an accelerator gets a small guest to its end in time. What is compiled in, and what opens, may still
 * crawl (a hypervisor under a hypervisor) or abort; only running a guest tells.
 */
export async function probeAccelerator(
  binary: string,
  architecture: Architecture,
  machineType: string,
  accelerator: Accelerator,
  cpuModel: string,
  limitMs = probeMs,
): Promise<ProbeResult> {
  const guest = probeGuest(architecture);
  if (!guest)
    return { works: false, tookMs: 0, late: false, reason: `There is no probe for ${architecture}.` };
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-probe-'));
  try {
    await writeFile(join(folder, 'probe'), guest.code, { mode: 0o600 });
    const args = [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '64'],
      ...['-machine', machineType, '-accel', accelerator, '-cpu', cpuModel],
      ...guest.args,
    ];
    return await run(binary, args, folder, guest.status, limitMs);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function run(
  binary: string,
  args: readonly string[],
  cwd: string,
  status: number,
  limitMs: number,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(binary, [...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true });
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stderr.on('data', (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-stderrLimit);
    });
    const end = (reason: string | null): void => {
      clearTimeout(timer);
      resolve({ works: reason === null, tookMs: Math.round(performance.now() - started), reason, late });
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => {
      if (late) end(`A guest of a few milliseconds was not through after ${limitMs} ms.`);
      else if (code === status) end(null);
      else end(stderr.trim().split('\n').at(-1) || `QEMU ended with ${signal ?? `status ${code}`}.`);
    });
  });
}
