import { chmod, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newestType } from '@shared/engine/qemu/platform';
import type { Architecture } from '@shared/machine/config';
import { probeAccelerator } from '../../src/main/host/qemu/accelerator-probe';
import { Emulators } from '../../src/main/host/qemu/emulators';
import { queryEmulator } from '../../src/main/host/qemu/query-emulator';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** The real emulators are asked, and the probe runs in them. */

const board = { x86_64: 'pc-i440fx', i386: 'pc-i440fx', aarch64: 'virt' } as const;

for (const architecture of ['x86_64', 'i386', 'aarch64'] as const satisfies Architecture[]) {
  const binary = findProgram(`qemu-system-${architecture}`);
  if (!binary)
    sayWhySkipped(`the emulator for ${architecture}`, `qemu-system-${architecture} is not installed`);
  describe.skipIf(!binary)(`qemu-system-${architecture}`, () => {
    it('says what it can do, and gets the probe through by translation', async () => {
      const facts = await queryEmulator(binary ?? '');
      expect(facts.version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(facts.accelerators).toContain('tcg');
      expect(facts.devices).toContain('virtio-net-pci');
      expect(facts.characterDevices).toContain('socket');
      expect(facts.audioDrivers).toContain('none');
      expect(facts.processors.some((name) => name.startsWith('max-'))).toBe(true);
      const type = newestType(
        board[architecture],
        facts.machines.map(({ name }) => name),
      );
      // Translation is much slower than what the limit is for, on a computer that does other things as well.
      const probe = await probeAccelerator(binary ?? '', architecture, type ?? '', 'tcg', 'max', 60_000);
      expect(probe).toMatchObject({ works: true, reason: null });
    });

    it('does not pass for an accelerator that does not exist, or a guest that is not through in time', async () => {
      const refused = await probeAccelerator(binary ?? '', architecture, 'none', 'hvf', 'max');
      expect(refused.works).toBe(false);
      expect(refused.reason).toMatch(/accelerator|hvf|invalid/i);
      const type = newestType(
        board[architecture],
        (await queryEmulator(binary ?? '')).machines.map(({ name }) => name),
      );
      const late = await probeAccelerator(binary ?? '', architecture, type ?? '', 'tcg', 'max', 20);
      expect(late.works).toBe(false);
      expect(late.reason).toMatch(/not through after 20 ms/);
    });
  });
}

describe.skipIf(process.platform === 'win32')('a program that is no emulator', () => {
  it('is told from one by its last words', async () => {
    const { path, remove } = await temporaryFolder('no-qemu');
    const program = join(path, 'qemu-system-x86_64');
    await writeFile(program, '#!/bin/sh\necho "libfoo.so: cannot open" >&2\nexit 127\n');
    await chmod(program, 0o755);
    await expect(queryEmulator(program)).rejects.toMatchObject({
      code: 'engine.failed',
      cause: { message: 'libfoo.so: cannot open' },
    });
    await remove();
  });

  const real = findProgram('qemu-system-x86_64');
  it.skipIf(!real)('does not hide one that is, further down the list', async () => {
    const { path, remove } = await temporaryFolder('hidden-qemu');
    const name = 'qemu-system-x86_64';
    const [chosen, onPath] = [join(path, 'chosen'), join(path, 'bin')];
    for (const folder of [chosen, onPath]) await mkdir(folder);
    await writeFile(join(chosen, name), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
    await symlink(real ?? '', join(onPath, name));
    const emulators = new Emulators({
      platform: 'freebsd', // has no usual places in the table
      env: { PATH: onPath },
      chosenFolder: () => chosen,
      bundled: join(path, 'none'),
      cacheFolder: join(path, 'cache'),
    });
    const found = await emulators.find();
    expect(found.emulators.get('x86_64')).toMatchObject({ place: 'path', path: await realpath(real ?? '') });
    expect(found.problems.get('x86_64')).toMatchObject({ code: 'engine.failed' });
    await remove();
  });
});
