import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/helpers/temp-folder';
import { Accelerators } from './accelerators';
import type { Emulator } from './emulators';
import { probeExitStatus } from './probe-code';

/** An accelerator that cannot be had here, tried on programs that stand in for QEMU. */

let folder: { path: string; remove: () => Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder('accelerators');
});
afterEach(() => folder.remove());

const hangs = 'exec sleep 600';
const succeeds = `exit ${probeExitStatus}`;
const fails = 'echo not here >&2; exit 1';

/** @param accelerated what it does with the accelerator, @param translated and without */
async function emulator(accelerated: string, translated: string): Promise<Emulator> {
  const path = join(folder.path, 'qemu');
  const script = `#!/bin/sh\necho "$@" >>${folder.path}/calls\ncase "$*" in *hvf*) ${accelerated};; *) ${translated};; esac\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return {
    architecture: 'x86_64',
    path,
    place: 'path',
    ownFolder: null,
    facts: {
      version: '7.2.0',
      machines: [{ name: 'pc-i440fx-7.2', maxCpus: 255 }],
      processors: [],
      cpuModels: [],
      devices: [],
      characterDevices: [],
      audioDrivers: [],
      accelerators: ['hvf', 'tcg'],
      sandbox: true,
    },
  };
}

/** As another start of the program has them. */
const accelerators = (limitMs: number): Accelerators =>
  new Accelerators('darwin', 'x64', join(folder.path, 'cache'), limitMs);
const tries = async (): Promise<string[]> => {
  const text = await readFile(join(folder.path, 'calls'), 'utf8');
  return text.split('\n').flatMap((line) => /-accel (?:hvf|tcg) -cpu \S+/.exec(line) ?? []);
};

describe.skipIf(process.platform === 'win32')('an accelerator', () => {
  it('that refuses is not asked again', async () => {
    const one = await emulator(fails, succeeds);
    for (let start = 0; start < 2; start++) {
      expect(await accelerators(60_000).probe(one, 'x86_64')).toMatchObject({
        works: false,
        reason: 'not here',
      });
    }
    expect(await tries()).toEqual(['-accel hvf -cpu host']);
  });

  it('that is slower than none is not asked again', async () => {
    const one = await emulator(hangs, succeeds);
    for (let start = 0; start < 2; start++) {
      expect(await accelerators(4000).probe(one, 'x86_64')).toMatchObject({ works: false, late: true });
    }
    expect(await tries()).toEqual(['-accel hvf -cpu host', '-accel tcg -cpu max']);
  });

  it('that was late on a computer on which everything is gets another chance', async () => {
    const one = await emulator(hangs, hangs);
    for (let start = 0; start < 2; start++) expect(await accelerators(100).choose(one, 'x86_64')).toBe('tcg');
    const twice = ['-accel hvf -cpu host', '-accel tcg -cpu max'];
    expect(await tries()).toEqual([...twice, ...twice]);
  });

  it('is tried with the processor that a person has chosen', async () => {
    const one = await emulator(`case "$*" in *Haswell*) ${fails};; *) ${succeeds};; esac`, succeeds);
    const all = accelerators(60_000);
    expect(await all.choose(one, 'x86_64')).toBe('hvf');
    expect(await all.choose(one, 'x86_64', 'Haswell')).toBe('tcg');
    expect(await tries()).toEqual(['-accel hvf -cpu host', '-accel hvf -cpu Haswell']);
  });
});
