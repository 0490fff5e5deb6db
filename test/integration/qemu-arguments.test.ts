import { spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { QmpClient } from '../../src/main/platform/qmp/qmp-client';
import { qemuArguments } from '../../src/main/processes/machine/engines/qemu/arguments/arguments';
import { planQemu, type QemuPlan } from '../../src/main/processes/machine/engines/qemu/plan';
import type { QemuProcess } from '../../src/main/processes/machine/engines/qemu/qemu-process';
import { socketsIn } from '../../src/main/processes/machine/engines/qemu/sockets';
import { startTpm } from '../../src/main/processes/machine/engines/qemu/tpm';
import { matrix } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** The golden command lines are text; here the real QEMU takes each of them, as far as its emulators are installed. */

const emulators = new Map(
  ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x'].map((architecture) => [
    architecture,
    findProgram(`qemu-system-${architecture}`),
  ]),
);
for (const [architecture, path] of emulators) {
  if (!path)
    sayWhySkipped(`command lines for ${architecture}`, `qemu-system-${architecture} is not installed`);
}
/** The machine versions in the matrix are of this release; newer ones know them for some years. */
const knows = (binary: string, type: string): boolean =>
  spawnSync(binary, ['-M', 'help'], { encoding: 'utf8' }).stdout.includes(type);

let folder: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  const temporary = await temporaryFolder('args');
  remove = temporary.remove;
  folder = join(temporary.path, 'a, "b"=c’s 名');
  await mkdir(join(folder, 'disks'), { recursive: true });
  await mkdir(join(folder, 'media'));
  await writeFile(join(folder, 'media', 'cd.iso'), Buffer.alloc(64 * 1024));
  await writeFile(join(folder, 'media', 'floppy.img'), Buffer.alloc(1_474_560));
});
afterAll(() => remove());

async function makeFiles(plan: QemuPlan): Promise<void> {
  for (const { path, format } of plan.disks) {
    await mkdir(dirname(path), { recursive: true });
    if (format === 'qcow2') {
      await createQcow2(path, { virtualSize: 1024 * 1024 }).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'file.exists') throw error;
      });
    } else await writeFile(path, Buffer.alloc(1024 * 1024));
  }
  if (plan.variables && plan.host.firmware) {
    await mkdir(dirname(plan.variables), { recursive: true });
    await copyFile(plan.host.firmware.variables, plan.variables);
  }
}

/** Starts QEMU, asks for its state and its name, and ends it; rejects with what it said when it does not start. */
async function start(plan: QemuPlan, sockets: string): Promise<{ status: string; name: string }> {
  const where = socketsIn(sockets);
  const child = spawn(plan.host.binary, qemuArguments(plan, where), { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const gone = new AbortController();
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() =>
    gone.abort(),
  );
  try {
    const client = await QmpClient.connect({ path: where.control }, { signal: gone.signal });
    const { status } = await client.execute('query-status', {});
    const name = await client.execute('human-monitor-command', { 'command-line': 'info name' });
    await client.execute('quit', {});
    return { status, name: name.trim() };
  } catch (error) {
    throw new Error(stderr.trim() || String(error), { cause: error });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

describe('QEMU takes the command line', () => {
  const cases = matrix('').filter(
    ({ name, paths }) =>
      // Named things that are not on every computer: an accelerator, a QEMU of one's own.
      paths.qemu?.accelerator === 'tcg' && !name.includes('QEMU of its own'),
  );
  it.for(cases.map(({ name }) => name))('%s', async (name, context) => {
    const found = matrix(folder).find((entry) => entry.name === name);
    if (!found?.paths.qemu) throw new Error('no such case');
    const { config, paths } = found;
    const binary = emulators.get(config.architecture);
    const tpmEmulator = findProgram('swtpm');
    if (!binary || !knows(binary, found.paths.qemu.machineType) || (config.tpm && !tpmEmulator)) {
      context.skip();
      return;
    }
    const { path: sockets, remove: removeSockets } = await temporaryFolder('s');
    let tpm: QemuProcess | undefined;
    try {
      const nicSockets = Object.fromEntries(
        Object.keys(found.paths.qemu.nicSockets).map((id) => [id, join(sockets, 'switch,1')]),
      );
      const qemu = { ...found.paths.qemu, binary, nicSockets, tpmEmulator };
      const plan = planQemu(config, { ...paths, qemu });
      await makeFiles(plan);
      tpm = await startTpm(plan, socketsIn(sockets), () => undefined);
      const { status, name: told } = await start(plan, sockets);
      expect(status).toBe(plan.savedState === null ? 'prelaunch' : 'inmigrate');
      expect(told).toBe(config.name);
    } finally {
      await tpm?.end();
      await removeSockets();
    }
  });
});
