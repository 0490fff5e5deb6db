import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineSpec } from '@shared/machine/config';
import type { Core } from '../../src/main/core';
import { checkMedium } from '../../src/main/machines/launch-paths';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { starterLinuxIso } from '../helpers/machine-config';
import { asOrdinaryUser } from '../helpers/ordinary-user';
import { sayWhySkipped } from '../helpers/programs';

/** Images that are not what a machine needs, given to machines all the same. */

let built: BuiltMain;
let folder: string;
let core: Core;

beforeAll(async () => {
  built = await buildMain();
  folder = await temporaryFolder();
  core = await testCore(built.folder, join(folder, 'data'));
});
afterAll(async () => {
  await core?.shutdown('power-off');
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const cdOnly: Partial<MachineSpec> = {
  engine: 'v86',
  boot: ['cdrom'],
  disk: { kind: 'none' },
  nicModel: null,
};

async function screenOf(id: string): Promise<string> {
  const runner = core.machines.power.processOf(core.machines.library.get(id));
  return ((await runner.call('screenText', {})) ?? []).join('\n');
}

describe('an image that cannot be used', () => {
  it('is refused with what is wrong with it', async () => {
    await writeFile(join(folder, 'empty.iso'), '');
    await mkdir(join(folder, 'folder.iso'));
    await writeFile(join(folder, 'file'), 'x');
    const cases = [
      ['empty.iso', 'medium.empty'],
      ['folder.iso', 'file.not-a-file'],
      ['missing.iso', 'file.not-found'],
      ['file/inside.iso', 'file.not-found'],
    ] as const;
    for (const [name, code] of cases) {
      expect(await failureCode(checkMedium(join(folder, name)))).toBe(code);
    }
  });

  it.skipIf(process.platform === 'win32')('is refused when it may not be read', async () => {
    const path = join(folder, 'secret.iso');
    await writeFile(path, 'x');
    await chmod(folder, 0o755);
    await chmod(path, 0);
    expect(await asOrdinaryUser(() => failureCode(checkMedium(path)))).toBe('file.denied');
    await chmod(path, 0o644);
    expect(await asOrdinaryUser(() => failureCode(checkMedium(path)))).toBe('no failure');
  });
});

const starter = existsSync(starterLinuxIso);
if (!starter) sayWhySkipped('a machine with a truncated CD', 'Starter Linux has not been built');

describe('a machine with a bad CD', () => {
  it('of no sense runs, finds nothing to boot, and can be powered off', async () => {
    const path = join(folder, 'noise.iso');
    await writeFile(path, Buffer.alloc(1_000_001, 0x5a));
    const id = await createMachine(core, fakeSpec('Noise', { ...cdOnly, cdrom: path }));
    await core.handlers['machine.start']({ id });
    await expect.poll(() => screenOf(id)).toMatch(/No bootable device/);
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off', problem: null });
  });

  it.skipIf(!starter)('that was cut off runs as far as it goes, and can be powered off', async () => {
    const path = join(folder, 'cut.iso');
    // The beginning of the boot loader is there, and the end is no whole sector.
    await writeFile(path, (await readFile(starterLinuxIso)).subarray(0, 300_001));
    const id = await createMachine(core, fakeSpec('Cut off', { ...cdOnly, cdrom: path }));
    await core.handlers['machine.start']({ id });
    await expect.poll(() => screenOf(id)).toMatch(/fail|error|could not/i);
    expect(core.machines.get(id)).toMatchObject({ state: 'running', problem: null });
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off', problem: null });
  });

  it.skipIf(!starter)('that shrinks under it is not brought down by that', async () => {
    const path = join(folder, 'shrinks.iso');
    await writeFile(path, await readFile(starterLinuxIso));
    const id = await createMachine(core, fakeSpec('Shrinks', { ...cdOnly, cdrom: path }));
    await core.handlers['machine.start']({ id });
    const file = await open(path, 'r+');
    await file.truncate(100_000);
    await file.close();
    // Whether the guest sees a bad sector or the machine pauses with the reason: it can be powered off.
    await expect
      .poll(async () => core.machines.get(id).state === 'paused' || /fail|error/i.test(await screenOf(id)))
      .toBe(true);
    const { state, problem } = core.machines.get(id);
    if (state === 'paused') expect(problem?.code).toMatch(/^(file|disk|medium)\./);
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off' });
  });
});
