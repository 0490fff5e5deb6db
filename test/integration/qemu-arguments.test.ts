import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { connectOnce, QmpClient } from '../../src/main/platform/qmp/qmp-client';
import { qemuArguments } from '../../src/main/processes/machine/engines/qemu/arguments/arguments';
import { planQemu, type QemuPlan } from '../../src/main/processes/machine/engines/qemu/plan';
import type { QemuProcess } from '../../src/main/processes/machine/engines/qemu/qemu-process';
import { socketsIn } from '../../src/main/processes/machine/engines/qemu/sockets';
import { startTpm } from '../../src/main/processes/machine/engines/qemu/tpm';
import { matrix, pathsFor, testMachine } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
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
async function start(
  plan: QemuPlan,
  sockets: string,
  look: (pid: number) => Promise<void> = async () => {},
): Promise<{ status: string; name: string }> {
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
    await look(child.pid ?? 0);
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

const onLinux = process.platform === 'linux';
const pc = emulators.get('x86_64');
const firmware = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  codeFormat: 'raw',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
  variablesFormat: 'raw',
  systemManagement: false,
} as const;
const hasFirmware = existsSync(firmware.code) && existsSync(firmware.variables);
if (!hasFirmware) sayWhySkipped('any path for firmware variables', 'OVMF is not installed');

/** Names that a file may have, with everything in them that means something to QEMU, to JSON or to a shell. */
const fileName = (longest: number) =>
  fc
    .array(
      fc.oneof(
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            ',',
            ',,',
            '=',
            ' ',
            '"',
            "'",
            '\\\\',
            '%',
            '$(x)',
            ':',
            ';',
            '\n',
            '\t',
            '#',
          ),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'unix:',
            'file=',
            'json:',
            'id=',
            '名',
            '🖥',
            'é',
            '\u202e',
            '-',
            '~',
            '{}',
            '&',
          ),
        },
        { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }) },
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => parts.join('').replaceAll('/', '_').replaceAll('\0', '_'))
    .filter((name) => name !== '.' && name !== '..' && Buffer.byteLength(name) <= longest);

describe.skipIf(!pc || !onLinux)('QEMU opens what it was told to', () => {
  it('whatever the names of files, folders, sockets and machines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ place: fileName(200), image: fileName(200), line: fileName(24), name: fileName(150) }),
        async ({ place, image, line, name }) => {
          const temporary = await temporaryFolder('n');
          const sockets = join(temporary.path, line);
          const files = join(folder, place);
          await mkdir(sockets);
          await mkdir(files, { recursive: true });
          try {
            const cd = join(files, `${image}.iso`);
            await writeFile(cd, Buffer.alloc(64 * 1024));
            const config = testMachine({
              name,
              firmware: hasFirmware ? 'uefi' : 'bios',
              serialPorts: 1,
              disks: [
                { id: 'disk0', path: 'disks/0.qcow2', bus: 'virtio' },
                { id: 'disk1', path: 'disks/1.img', bus: 'sata' },
              ],
              drives: [{ id: 'cd0', kind: 'cdrom', path: cd }],
              nics: [
                { id: 'nic0', model: 'virtio', mac: '52:54:00:00:00:01', connected: true, network: null },
              ],
            });
            const paths = pathsFor(config, files, {
              binary: pc,
              dataFolder: files,
              firmware: hasFirmware ? firmware : null,
              nicSockets: { nic0: join(sockets, 'n') },
            });
            const disks = { disk0: join(files, `${image}.qcow2`), disk1: join(files, `${image}.img`) };
            const plan = planQemu(config, { ...paths, disks });
            await makeFiles(plan);
            const where = socketsIn(sockets);
            const { name: told } = await start(plan, sockets, async (pid) => {
              const open = await Promise.all(
                (await readdir(`/proc/${pid}/fd`)).map((fd) =>
                  readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
                ),
              );
              const wanted = [
                disks.disk0,
                disks.disk1,
                cd,
                ...(plan.variables === null ? [] : [plan.variables]),
              ];
              expect(open).toEqual(expect.arrayContaining(wanted));
              for (const address of [where.serial(0), where.agent, where.screen, join(sockets, 'n')]) {
                (await connectOnce({ path: address ?? '' })).destroy();
              }
            });
            // The monitor for people ends its lines for a terminal.
            expect(told.replaceAll('\r\n', '\n')).toBe(name.trim());
          } finally {
            await temporary.remove();
            await rm(files, { recursive: true, force: true });
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
