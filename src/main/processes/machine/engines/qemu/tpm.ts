import { mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure } from '../../../../disks/host-file';
import type { QemuPlan } from './plan';
import { QemuProcess } from './qemu-process';
import type { QemuSockets } from './sockets';

/** How long swtpm may take until it listens, in milliseconds. */
const startMs = 60_000;
const lookMs = 5;
/** Its options know no way to write a comma, so it is given names without one, relative to the folder of sockets. */
const stateLink = 'tpm-state';

/**
 * Starts the machine's TPM (swtpm), which keeps its state in the machine's folder and ends when QEMU closes the
 * connection. Undefined for a machine without one.
 * @param log told what it prints
 * @throws Failure `file.*`, `engine.failed`
 */
export async function startTpm(
  { tpm }: QemuPlan,
  sockets: QemuSockets,
  log: (line: string) => void,
): Promise<QemuProcess | undefined> {
  if (!tpm) return undefined;
  try {
    await mkdir(tpm.folder, { recursive: true, mode: 0o700 });
    await symlink(tpm.folder, join(sockets.folder, stateLink));
  } catch (error) {
    throw hostFailure(error, 'write', tpm.folder);
  }
  const args = ['socket', '--tpm2', '--tpmstate', `dir=${stateLink},mode=0600`];
  args.push('--ctrl', 'type=unixio,path=t', '--terminate');
  const program = await QemuProcess.start(tpm.emulator, args, sockets.folder, log, 'swtpm');
  const end = performance.now() + startMs;
  while (!(await isThere(sockets.tpm))) {
    if (!(await program.endsWithin(lookMs)) && performance.now() < end) continue;
    await program.end();
    const { lines } = await program.ended;
    throw new Failure(
      'engine.failed',
      phrase('qemuTalk.tpm', { reason: lines.at(-1) ?? 'swtpm says nothing' }),
      {
        hint: phrase('qemuTalk.tpmHint'),
      },
    );
  }
  return program;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
