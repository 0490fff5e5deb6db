import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppImageUpdater } from 'electron-updater';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UpdateStatus } from '@shared/updates/status';
import { temporaryFolder } from '../../../../test/helpers/temp-folder';
import { type ServedFile, startTestServer, type TestServer } from '../../gallery/test-server';
import { type Updater, Updates } from './updates';

/** electron-updater itself, against a server on this computer. What is installed is a script that says that it ran. */

const name = 'vivarium-9.9.9-linux-x86_64.AppImage';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let installed: string;
let server: TestServer | undefined;

/** A program for the shell, long enough to be cut in pieces. */
function program(said: string): Buffer {
  const marker = path.join(folder.path, said);
  return Buffer.from(`#!/bin/sh\necho "$APPIMAGE" > '${marker}'\nexit 0\n${'#'.repeat(300_000)}\n`);
}

beforeEach(async () => {
  folder = await temporaryFolder('updates');
  installed = path.join(folder.path, 'Vivarium.AppImage');
  await writeFile(installed, 'the old version', { mode: 0o755 });
  vi.stubEnv('APPIMAGE', installed);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await folder.remove();
});

interface Offer {
  body?: Buffer;
  version?: string;
  /** Of another file than the one that is served. */
  sha512?: string;
  served?: Partial<ServedFile>;
}

/** A release server with one version, and a program of version 1.0.0 that knows it. */
async function offer({ body = program('ran'), version = '9.9.9', sha512, served = {} }: Offer) {
  const hash = sha512 ?? createHash('sha512').update(body).digest('base64');
  const feed = [
    `version: ${version}`,
    `files:`,
    `  - { url: ${name}, sha512: '${hash}', size: ${body.length} }`,
    `path: ${name}`,
    `sha512: '${hash}'`,
    `releaseDate: '2026-11-20T12:00:00.000Z'`,
  ].join('\n');
  const started = await startTestServer({ [`/${name}`]: { body, etag: '"one"', ...served } }, (request) =>
    /^\/latest-linux(-arm64)?\.yml/.test(request) ? { body: Buffer.from(feed) } : undefined,
  );
  server = started;
  const feedFile = path.join(folder.path, 'app-update.yml');
  await writeFile(feedFile, `provider: generic\nurl: ${started.url('')}\nupdaterCacheDirName: updates\n`);
  const updater = new AppImageUpdater(undefined, {
    version: '1.0.0',
    name: 'vivarium',
    isPackaged: true,
    appUpdateConfigPath: feedFile,
    userDataPath: folder.path,
    baseCachePath: path.join(folder.path, 'cache'),
    whenReady: () => Promise.resolve(),
    relaunch() {},
    quit() {},
    onQuit() {},
  } as never);
  updater.logger = null;
  const seen: UpdateStatus[] = [];
  const requestQuit = vi.fn();
  const updates = new Updates({
    by: 'itself',
    updater: updater as Updater,
    http: { fetch, allowHttpLoopback: true, stallMs: 2_000, retryDelaysMs: [10, 10] },
    requestQuit,
  });
  updates.onChange((status) => seen.push(status));
  const asked = (): (string | undefined)[] =>
    started.requests.filter(({ path: file }) => file === `/${name}`).map(({ range }) => range);
  return { updates, updater, requestQuit, seen, asked };
}

const untouched = async (): Promise<void> =>
  expect(await readFile(installed, 'utf8')).toBe('the old version');

describe('updates', () => {
  it('says that there is nothing newer', async () => {
    const { updates } = await offer({ version: '1.0.0' });
    expect(await updates.check()).toMatchObject({ state: 'current', version: null, problem: null });
    expect(await updates.download()).toMatchObject({ state: 'current' });
    expect(() => updates.installAndRestart()).toThrow('No new version has been downloaded.');
  });

  it('downloads nothing that nobody asked for, then the whole, and installs only when told to', async () => {
    const { updates, updater, requestQuit, seen, asked } = await offer({});
    const failed = vi.fn();
    const installs = vi.spyOn(updater, 'quitAndInstall').mockImplementation(() => {
      // What it does on Linux, but for Electron's own events and end.
      (updater as never as { install(silent: boolean, run: boolean): boolean }).install(false, true);
    });
    expect(await updates.check()).toMatchObject({ state: 'available', version: '9.9.9' });
    expect(asked()).toEqual([]);
    expect(await updates.download()).toMatchObject({ state: 'ready', problem: null });
    const progress = seen.filter(({ state }) => state === 'downloading');
    expect(progress.at(-1)).toMatchObject({ done: program('ran').length, total: program('ran').length });

    // The program is asked to end, and may stay: then nothing is installed when it ends another time.
    expect(updates.atEnd(failed)).toBe(false);
    updates.installAndRestart();
    expect(requestQuit).toHaveBeenCalledTimes(1);
    updates.stay();
    expect(updates.atEnd(failed)).toBe(false);
    expect(installs).not.toHaveBeenCalled();
    await untouched();

    updates.installAndRestart();
    expect(updates.atEnd(failed)).toBe(true);
    expect(failed).not.toHaveBeenCalled();
    expect(await readFile(installed)).toEqual(program('ran'));
    expect((await stat(installed)).mode & 0o111).toBe(0o111);
    await expect.poll(() => readdir(folder.path), { timeout: 30_000 }).toContain('ran');
  });

  it('refuses a file with another hash, and leaves nothing of it', async () => {
    const { updates } = await offer({ sha512: createHash('sha512').update('another file').digest('base64') });
    await updates.check();
    const status = await updates.download();
    expect(status).toMatchObject({ state: 'available', problem: { code: 'download.hash-mismatch' } });
    expect(() => updates.installAndRestart()).toThrow();
    await untouched();
    const left = await readdir(path.join(folder.path, 'cache'), { recursive: true });
    expect(left.filter((file) => file.includes('AppImage'))).toEqual([]);
  });

  it('goes on where a broken connection stopped', async () => {
    const { updates, asked } = await offer({ served: { cutAfter: [100_000, 50_000] } });
    await updates.check();
    expect(await updates.download()).toMatchObject({ state: 'ready', problem: null });
    expect(asked()).toHaveLength(3);
    expect(asked()[0]).toBeUndefined();
    expect(asked()[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('begins again where the server knows no ranges', async () => {
    const { updates, asked } = await offer({ served: { cutAfter: [100_000], ignoreRange: true } });
    await updates.check();
    expect(await updates.download()).toMatchObject({ state: 'ready', problem: null });
    expect(asked()).toHaveLength(2);
  });

  it('gives up a file that never comes whole, and can be asked again', async () => {
    const { updates } = await offer({ served: { cutAfter: [1000, 10, 10, 10], ignoreRange: true } });
    await updates.check();
    expect(await updates.download()).toMatchObject({
      state: 'available',
      problem: { code: 'download.failed' },
    });
    await untouched();
    expect(await updates.download()).toMatchObject({ state: 'ready', problem: null });
  });

  it('is cancelled without a word', async () => {
    const { updates, asked } = await offer({ served: { stallAfter: 1000 } });
    await updates.check();
    const download = updates.download();
    await expect.poll(() => asked().length, { timeout: 30_000 }).toBe(1);
    updates.cancel();
    expect(await download).toMatchObject({ state: 'available', problem: null });
    await untouched();
  });

  it('says why it could not look', async () => {
    const { updates } = await offer({});
    await server?.close();
    server = undefined;
    expect(await updates.check()).toMatchObject({ state: 'unknown', problem: { code: 'download.failed' } });
  });

  it('does nothing where somebody else brings new versions', async () => {
    const updates = new Updates({
      by: 'package-manager',
      http: { fetch, allowHttpLoopback: false, stallMs: 1, retryDelaysMs: [] },
      requestQuit: () => expect.unreachable(),
    });
    expect(await updates.check()).toMatchObject({ by: 'package-manager', state: 'unknown' });
    expect(await updates.download()).toMatchObject({ state: 'unknown' });
  });
});
