import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostReport } from '@shared/host/report';
import { findProgram, runProgram } from '../platform/program';
import { engineCatalogue } from './engines';
import { collectFacts } from './facts';
import { listFolder } from './list-folder';
import { HostService } from './service';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-host-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

describe('engines', () => {
  it('has the embedded one once its firmware is there', async () => {
    const catalogue = engineCatalogue(folder, false);
    expect(await catalogue.find('v86')).toMatchObject({
      available: false,
      problem: { code: 'engine.not-found' },
    });
    expect((await catalogue.find('v86'))?.problem?.hint).toContain('npm run resources');
    for (const file of ['seabios.bin', 'vgabios.bin']) await writeFile(join(folder, file), 'x');
    expect(await catalogue.find('v86')).toMatchObject({ available: true, problem: null });
    expect(await catalogue.find('fake')).toBeUndefined();
    expect(await engineCatalogue(folder, true).find('fake')).toMatchObject({ available: true });
  });
});

describe.skipIf(process.platform === 'win32')('facts', () => {
  const sources = () => ({
    resourcesFolder: folder,
    dataFolder: folder,
    freeSpace: 10 * 1024 ** 3,
    env: { PATH: folder } as Record<string, string | undefined>,
    platform: 'linux' as const,
  });
  const fact = async (id: string, changes = {}) =>
    (await collectFacts({ ...sources(), ...changes })).find((candidate) => candidate.id === id);

  it('finds qemu-img and its version', async () => {
    await program('qemu-img', 'exit 1');
    expect(await fact('qemu-img')).toMatchObject({
      status: 'ok',
      phrases: { detail: { key: 'host.programOfUnknownVersion' } },
    });
    await program('qemu-img', 'echo "qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7)"');
    expect((await fact('qemu-img'))?.detail).toContain('7.2.22');
  });

  it('says what is missing, and what to do', async () => {
    for (const id of ['firmware', 'starter-linux', 'qemu-img']) {
      const found = await fact(id);
      expect(found?.status).toBe('missing');
      expect(found?.hint).toBeTruthy();
    }
    expect((await fact('display'))?.status).toBe('warning');
    expect((await fact('display', { env: { DISPLAY: ':0' } }))?.status).toBe('ok');
    expect((await fact('disk-space'))?.status).toBe('ok');
    expect((await fact('disk-space', { freeSpace: 1 }))?.status).toBe('warning');
    expect((await fact('disk-space', { freeSpace: null }))?.status).toBe('warning');
    expect((await fact('data-folder', { dataFolder: join(folder, 'none') }))?.status).toBe('missing');
  });

  it('makes a report that fits the contract', async () => {
    const engines = engineCatalogue(folder, true);
    const service = new HostService({
      version: '1.2.3',
      shell: 'browser',
      dataFolder: folder,
      resourcesFolder: folder,
      engines,
    });
    const report = hostReport.parse(await service.report());
    expect(report.versions['node']).toBe(process.versions.node);
    expect(report.engines).toHaveLength(2);
  });
});

describe.skipIf(process.platform === 'win32')('programs', () => {
  it('are found on absolute entries of the path only, when they can be run', async () => {
    await program('tool', 'echo "$1"');
    await writeFile(join(folder, 'text'), 'not a program');
    await mkdir(join(folder, 'folder'));
    const env = { PATH: ['.', '/nowhere', folder].join(delimiter) };
    const tool = await findProgram('tool', env);
    expect(tool).toBe(join(folder, 'tool'));
    for (const name of ['text', 'folder', 'none']) expect(await findProgram(name, env)).toBeUndefined();
    // Arguments are arguments, whatever is in them.
    expect(await runProgram(tool ?? '', ['$(id); echo "x" > y'], 5000)).toBe('$(id); echo "x" > y\n');
  });

  it('do not run for ever', async () => {
    await program('slow', 'exec sleep 30');
    await expect(runProgram(join(folder, 'slow'), [], 100)).rejects.toThrow();
  });
});

describe('listFolder', () => {
  it('shows folders first, then files, and nothing hidden or special', async () => {
    await mkdir(join(folder, 'zoo'));
    for (const name of ['b10.iso', 'b9.iso', '.hidden']) await writeFile(join(folder, name), 'xyz');
    await symlink('/nowhere', join(folder, 'dangling'));
    const { entries, path, parent, truncated } = await listFolder(folder);
    expect(entries.map(({ name }) => name)).toEqual(['zoo', 'b9.iso', 'b10.iso']);
    expect(entries[1]).toEqual({ name: 'b9.iso', path: join(folder, 'b9.iso'), kind: 'file', size: 3 });
    expect({ path, parent, truncated }).toEqual({
      path: folder,
      parent: join(folder, '..'),
      truncated: false,
    });
    expect((await listFolder('/')).parent).toBeNull();
    expect((await listFolder()).path).toBeTruthy();
  });

  it('says why it shows nothing', async () => {
    await expect(listFolder('relative')).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(listFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'file.not-found' });
  });
});
