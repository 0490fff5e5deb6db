import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { extractFile, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyGuestDisk } from '../helpers/boot-sector';
import { builtPackages, unpackedProgram } from '../helpers/packages';
import { prepareMachines } from '../helpers/prepared-machines';
import { electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { attachTo, type RunningProgram } from '../helpers/running-program';
import { temporaryFolder } from '../helpers/temp-folder';
import { machineItem, typeOnScreen, waitForScreen, waitForSerial } from '../helpers/ui';
import { type Display, startXvfb } from '../helpers/xvfb';

/** The program as it is handed on: packed by electron-builder, without a checkout and without Node. */

/** How a fuse is written in the program: the digit 0 or 1. */
const [off, on] = [0x30, 0x31];
const possible = process.platform === 'linux' && electronProgram !== undefined && findProgram('Xvfb');
if (!possible) sayWhySkipped('the packaged program', 'it takes Linux, Electron and Xvfb');

describe.skipIf(!possible)('the packaged program', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let program: string;
  let display: Display | undefined;
  let running: RunningProgram | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder('packaged');
    program = unpackedProgram(await builtPackages());
  });

  afterAll(async () => {
    await running?.kill();
    display?.stop();
    await folder?.remove();
  });

  it('has the fuses that close what an installed program does not need', async () => {
    const fuses = await getCurrentFuseWire(program);
    const wanted = {
      [FuseV1Options.RunAsNode]: off,
      [FuseV1Options.EnableCookieEncryption]: on,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
      [FuseV1Options.EnableNodeCliInspectArguments]: off,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
      [FuseV1Options.OnlyLoadAppFromAsar]: on,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
    };
    expect(fuses).toMatchObject(wanted);
  });

  it('holds what it needs and nothing of bare Electron', async () => {
    const resources = path.join(path.dirname(program), 'resources');
    // The deb was made of it, and has left its profile there.
    const found = (await readdir(resources)).filter((name) => name !== 'apparmor-profile');
    expect(found.sort()).toEqual(['app.asar', 'app.asar.unpacked', 'vivarium']);
    expect(existsSync(path.join(path.dirname(program), 'version'))).toBe(false);
    expect(await readdir(path.join(resources, 'vivarium'))).toEqual(
      expect.arrayContaining(['bios', 'gallery.json', 'icons', 'licenses']),
    );
    // What we have written is built in `out`; nothing else of the project goes along.
    const packed = listPackage(path.join(resources, 'app.asar'), { isPack: false });
    expect([...new Set(packed.map((file) => file.split('/')[1]))].sort()).toEqual([
      'node_modules',
      'out',
      'package.json',
    ]);
    const licences = path.join(resources, 'vivarium', 'licenses');
    const text = (name: string): Promise<string> => readFile(path.join(licences, name), 'utf8');
    expect(await text('third-party-windows.txt')).toMatch(/^@vue\/runtime-core \d/m);
    expect(await text('third-party-main.txt')).toMatch(/^zod \d[^]*Permission is hereby granted/m);
    expect(await text('third-party-modules.txt')).toMatch(/^fs-native-extensions \d/m);
    expect(await readdir(path.dirname(program))).toEqual(
      expect.arrayContaining(['LICENSE.electron.txt', 'LICENSES.chromium.html']),
    );
  });

  it('names everything that it carries, with licence and source', async () => {
    const resources = path.join(path.dirname(program), 'resources');
    const licences = path.join(resources, 'vivarium', 'licenses');
    const bill = JSON.parse(await readFile(path.join(licences, 'vivarium.cdx.json'), 'utf8')) as {
      components: { purl: string; licenses?: unknown[] }[];
    };
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    for (const { purl, licenses } of bill.components) expect(licenses, purl).toHaveLength(1);
    const purls = bill.components.map(({ purl }) => purl);

    // What lies in the archive is looked at, not what it was made from.
    const archive = path.join(resources, 'app.asar');
    const manifests = listPackage(archive, { isPack: false }).filter((file) =>
      /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file),
    );
    expect(manifests.length).toBeGreaterThan(2);
    for (const file of manifests) {
      const { name, version } = JSON.parse(extractFile(archive, file.slice(1)).toString()) as Record<
        string,
        string
      >;
      // What it was built from is no part of its version (SemVer 2.0.0, 10).
      const [released] = version?.split('+') ?? [];
      expect(purls).toContain(`pkg:npm/${name?.replace('@', '%40')}@${released}`);
    }
    for (const part of ['main', 'preload', 'renderer']) {
      const bundled = JSON.parse(
        extractFile(archive, path.join('out', part, 'third-party.json')).toString(),
      ) as { name: string; version: string; text: string }[];
      for (const { name, version, text } of bundled) {
        expect(purls).toContain(`pkg:npm/${name.replace('@', '%40')}@${version}`);
        expect(text, name).toMatch(/copyright|public domain/i);
      }
    }

    const guests = path.join(resources, 'vivarium', 'guests');
    if (!existsSync(guests)) return;
    const sources = await readFile(path.join(licences, 'starter-linux-sources.txt'), 'utf8');
    const { packages } = JSON.parse(await readFile(path.join(guests, 'starter-linux.json'), 'utf8')) as {
      packages: { name: string; version: string; source: string; sourceVersion: string }[];
    };
    for (const { name, version, source, sourceVersion } of packages) {
      expect(sources).toContain(`${name} ${version}\n    https://snapshot.debian.org/package/${source}/`);
      expect(sources).toContain(`/${source}/${encodeURIComponent(sourceVersion)}/`);
      expect(purls.some((purl) => purl.startsWith(`pkg:deb/debian/${name}@`))).toBe(true);
    }
    expect(sources).toMatch(/package\/linux\/6\./);
  });

  /** Starts it as a person does, but for the door by which a test looks at its windows. */
  async function start(dataFolder: string): Promise<Page> {
    display = await startXvfb();
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const child = spawn(program, [...asRoot, '--disable-gpu', '--lang=en-US', '--remote-debugging-port=0'], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: folder.path, DISPLAY: display.name, VIVARIUM_DATA: dataFolder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running = await attachTo(child);
    return running.manager;
  }

  it('starts, finds its resources, and runs a machine with its native parts', async () => {
    const dataFolder = path.join(folder.path, 'data');
    const [config] = await prepareMachines(dataFolder, [
      { name: 'Tiny', boot: ['disk'], disks: [{ id: 'disk0', path: 'disks/disk0.img', bus: 'ide' }] },
    ]);
    const disks = path.join(dataFolder, 'machines', `prepared-${config?.id.slice(-8)}`, 'disks');
    await mkdir(disks);
    await writeFile(path.join(disks, 'disk0.img'), tinyGuestDisk());

    const manager = await start(dataFolder);
    expect(manager.url()).toMatch(/^app:\/\/vivarium\//);
    const opened = manager.context().waitForEvent('page');
    await machineItem(manager, 'Tiny').dblclick();
    const page = await opened;
    await waitForScreen(page);
    await waitForSerial(page, /Tiny guest ready/);
    // From the window through the machine's process to the guest and back.
    await typeOnScreen(page, 'x');
    await waitForSerial(page, /Px/);
    await page.screenshot({ path: path.resolve('test-results/screenshots/packaged.png') });

    await manager.getByRole('link', { name: 'Gallery' }).click();
    await manager.getByText('Debian', { exact: false }).first().waitFor();
  });
});
