import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engineCapabilities } from '@shared/engine/capabilities';
import type { Architecture } from '@shared/machine/config';
import { qemuCapabilities } from './capabilities';
import { emulatorsIn, findEmulators } from './find-emulators';
import { findUefi } from './firmware';
import { installHint } from './install-hint';
import { armProbe, x86Probe } from './probe-code';
import { QemuHost } from './qemu-host';
import type { EmulatorFacts } from './query-emulator';
import { fileKey, Remembered } from './remembered';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-host-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(path: string, text = '#!/bin/sh\nexit 3\n'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

describe.skipIf(process.platform === 'win32')('finding emulators', () => {
  const find = (chosen: string | null, path: string) =>
    findEmulators({
      platform: 'freebsd', // has no usual places in the table
      env: { PATH: path },
      chosen,
      bundled: join(folder, 'bundled'),
    });

  it('puts the chosen folder before PATH, and what is bundled last', async () => {
    const onPath = await program(join(folder, 'path', 'qemu-system-x86_64'));
    await program(join(folder, 'path', 'qemu-system-i386'));
    const chosen = await program(join(folder, 'chosen', 'qemu-system-x86_64'));
    const last = await program(join(folder, 'bundled', 'qemu-system-i386'));
    const bundled = await program(join(folder, 'bundled', 'bin', 'qemu-system-aarch64'));
    const found = await find(join(folder, 'chosen'), `relative:${join(folder, 'path')}`);
    const summary = found.map(({ architecture, path, place, ownFolder }) => [
      architecture,
      path,
      place,
      ownFolder,
    ]);
    expect(summary).toEqual([
      ['i386', join(folder, 'path', 'qemu-system-i386'), 'path', null],
      ['i386', last, 'bundled', join(folder, 'bundled')],
      ['x86_64', chosen, 'chosen', join(folder, 'chosen')],
      ['x86_64', onPath, 'path', null],
      ['aarch64', bundled, 'bundled', join(folder, 'bundled', 'bin')],
    ]);
  });

  it('takes what the environment names before the chosen folder, also from a bin in it', async () => {
    const named = await program(join(folder, 'named', 'bin', 'qemu-system-i386'));
    await program(join(folder, 'chosen', 'qemu-system-i386'));
    const found = await findEmulators({
      platform: 'freebsd',
      env: { PATH: '', VIVARIUM_QEMU: join(folder, 'named') },
      chosen: join(folder, 'chosen'),
      bundled: join(folder, 'none'),
    });
    expect(found).toMatchObject([
      { path: named, place: 'environment' },
      { path: join(folder, 'chosen', 'qemu-system-i386'), place: 'chosen' },
    ]);
    expect(await emulatorsIn(join(folder, 'chosen'), 'freebsd')).toMatchObject([{ architecture: 'i386' }]);
  });

  it('passes over folders and files that cannot be run, and follows links', async () => {
    await mkdir(join(folder, 'path', 'qemu-system-x86_64'), { recursive: true });
    await writeFile(join(folder, 'path', 'qemu-system-i386'), '', { mode: 0o644 });
    const real = await program(join(folder, 'real', 'qemu'));
    await symlink(real, join(folder, 'path', 'qemu-system-s390x'));
    const found = await find(null, `${join(folder, 'path')}:${join(folder, 'path')}`);
    expect(found.map(({ architecture, path }) => [architecture, path])).toEqual([['s390x', real]]);
  });

  it('says how to install it with the package manager that is there', async () => {
    const bin = join(folder, 'bin');
    await program(join(bin, 'dnf'));
    const hint = async (...args: Parameters<typeof installHint>) => (await installHint(...args)).text;
    const env = { PATH: bin };
    expect(await hint('linux', env)).toMatch(/^Install QEMU: sudo dnf install .*qemu-system-x86/);
    expect(await hint('linux', env, 'aarch64')).toBe(
      'Install QEMU: sudo dnf install qemu-system-aarch64 edk2-aarch64',
    );
    await program(join(bin, 'brew'));
    expect(await hint('darwin', env, 's390x')).toBe('Install QEMU: brew install qemu swtpm');
    expect(await hint('freebsd', env)).toMatch(/https:/);
  });

  it('looks for emulators on Windows too', async () => {
    const host = new QemuHost({
      platform: 'win32',
      env: {},
      hostArchitecture: 'x64',
      size: { memoryMiB: 1024, processors: 2 },
      bundled: join(folder, 'none'),
      cacheFolder: join(folder, 'cache'),
    });
    expect(await host.status()).toMatchObject({ available: false, problem: { code: 'engine.not-found' } });
  });

  it('says why an emulator that is there cannot be used', async () => {
    const path = join(folder, 'bin');
    // On a busy computer its words come after its end.
    const late = '#!/bin/sh\n(sleep 0.05; echo no such library >&2) &\nexit 127\n';
    for (const name of ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x']) {
      await program(join(path, `qemu-system-${name}`), late);
    }
    const host = new QemuHost({
      platform: 'freebsd',
      env: { PATH: path },
      hostArchitecture: 'x64',
      size: { memoryMiB: 1024, processors: 2 },
      bundled: join(folder, 'none'),
      cacheFolder: join(folder, 'cache'),
    });
    const { available, problem } = await host.status();
    expect(available).toBe(false);
    expect(problem?.message).toMatch(/does not say what it can do/);
    expect(problem?.cause?.message).toBe('no such library');
    expect(await host.facts()).toMatchObject([
      { id: 'qemu-broken', status: 'warning', phrases: { hint: { key: 'qemu.silentHint' } } },
    ]);
    // The same, when the folder is looked at before it is chosen.
    const [first] = await host.checkFolder(path);
    expect(first).toMatchObject({ architecture: 'i386', version: null, problem: { code: 'engine.failed' } });
    await expect(host.checkFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'engine.not-found' });
  });
});

describe('what was found out', () => {
  const numbers = () => new Remembered(join(folder, 'deep', 'cache.json'), z.number());

  it('is known again in another run', async () => {
    await numbers().set('a', 1);
    expect(await numbers().get('a')).toBe(1);
    expect(await numbers().get('b')).toBeUndefined();
  });

  it('is forgotten when the file is torn, or holds something else', async () => {
    await numbers().set('a', 1);
    await writeFile(join(folder, 'deep', 'cache.json'), '{"format":1,"entries":[["a","x"],["b",2]]}');
    expect(await numbers().get('a')).toBeUndefined();
    expect(await numbers().get('b')).toBe(2);
    await writeFile(join(folder, 'deep', 'cache.json'), '{"format":1,"entr');
    expect(await numbers().get('b')).toBeUndefined();
  });

  it('does not grow for ever', async () => {
    const memory = numbers();
    for (let count = 0; count < 100; count++) await memory.set(String(count), count);
    expect(await numbers().get('0')).toBeUndefined();
    expect(await numbers().get('99')).toBe(99);
  });

  it('is not taken for another version of the program', async () => {
    const path = await program(join(folder, 'qemu'));
    const before = await fileKey(path);
    await utimes(path, 1, 1);
    expect(await fileKey(path)).not.toBe(before);
  });
});

describe('looking for UEFI', () => {
  async function descriptor(name: string, changes: object = {}, features: string[] = []): Promise<void> {
    const code = join(folder, `${name}.code.fd`);
    const variables = join(folder, `${name}.vars.fd`);
    await writeFile(code, '');
    await writeFile(variables, '');
    const value = {
      'interface-types': ['uefi'],
      mapping: {
        device: 'flash',
        executable: { filename: code, format: 'raw' },
        'nvram-template': { filename: variables, format: 'raw' },
      },
      targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
      features,
      tags: [],
      ...changes,
    };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(value));
  }
  const find = (architecture: Architecture = 'ppc64', secureBoot = false) =>
    findUefi(architecture, 'pc-q35-7.2', { folders: [folder], secureBoot });

  it('takes the first that fits the board, and no Secure Boot unless it is asked for', async () => {
    await descriptor('10-secure', {}, ['secure-boot', 'enrolled-keys', 'requires-smm']);
    await descriptor('20-other-board', { targets: [{ architecture: 'x86_64', machines: ['pc-i440fx-*'] }] });
    await descriptor('30-plain');
    await descriptor('40-later');
    expect((await find('x86_64'))?.code).toBe(join(folder, '30-plain.code.fd'));
    const secure = await find('x86_64', true);
    expect(secure).toMatchObject({ code: join(folder, '10-secure.code.fd'), systemManagement: true });
  });

  it('passes over descriptors that make no sense, and files that are gone', async () => {
    await writeFile(join(folder, '01.json'), 'no');
    await writeFile(join(folder, '02.json'), '{}');
    await descriptor('03', { targets: [{ architecture: 'ppc64', machines: ['pc-q35-*'] }] });
    await rm(join(folder, '03.vars.fd'));
    expect(await find()).toBeUndefined();
  });
});

describe('capabilities', () => {
  const facts = (machines: string[], devices: string[]): EmulatorFacts => ({
    version: '7.2.22',
    machines: machines.map((name) => ({ name, maxCpus: 255 })),
    processors: ['max-x86_64-cpu'],
    cpuModels: ['Haswell', 'max'],
    devices,
    characterDevices: [],
    audioDrivers: [],
    accelerators: ['tcg'],
    sandbox: true,
  });

  it('are what the emulators have, within what the host has', () => {
    const emulators = new Map<Architecture, EmulatorFacts>([
      ['i386', facts(['pc-i440fx-7.1', 'pc-i440fx-7.2'], ['ide-hd'])],
      ['x86_64', facts(['pc-q35-7.2', 'pc-q35-6.2'], ['virtio-blk-device', 'ide-hd'])],
    ]);
    const can = qemuCapabilities(emulators, new Set(['x86_64']), { memoryMiB: 4000, processors: 8 });
    expect(engineCapabilities.parse(can)).toEqual(can);
    expect(can).toMatchObject({
      architectures: ['x86_64', 'i386'],
      bits: 64,
      maxCpus: 8,
      memoryMiB: { max: 4000 },
      firmware: ['bios', 'uefi'],
      diskBuses: ['virtio', 'ide'],
      machineTypes: {
        x86_64: ['pc-q35-7.2', 'pc-q35-6.2'],
        i386: ['pc-i440fx-7.2', 'pc-i440fx-7.1'],
      },
    });
  });

  it('are valid data even without any emulator', () => {
    const none = qemuCapabilities(new Map(), new Set(), { memoryMiB: 1, processors: 0 });
    expect(engineCapabilities.parse(none).architectures).toEqual([]);
  });
});

describe('the probe', () => {
  it('is a boot sector with its descriptor table where it says', () => {
    const sector = Buffer.from(x86Probe());
    expect(sector.length).toBe(512);
    expect(sector.readUInt16LE(510)).toBe(0xaa55);
    const table = sector.readUInt32LE(0x138 + 2) - 0x7c00;
    expect(table).toBe(0x118);
    // The code of each mode ends before the table: its last bytes are hlt and a jump to it.
    expect([...sector.subarray(0x112, 0x115)]).toEqual([0xf4, 0xeb, 0xfd]);
    expect(sector.readBigUInt64LE(table + 24)).toBe(0x00af9a000000ffffn);
    expect(armProbe().length % 4).toBe(0);
  });
});
