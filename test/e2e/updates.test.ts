import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedFile, startTestServer, type TestServer } from '../../src/main/gallery/test-server';
import { seriousViolations } from '../helpers/axe';
import { selfSigned } from '../helpers/certificate';
import { builtPackages, unpackedProgram } from '../helpers/packages';
import { electronProgram, findProgram, sayWhySkipped } from '../helpers/programs';
import { attachTo, type RunningProgram } from '../helpers/running-program';
import { temporaryFolder } from '../helpers/temp-folder';
import { type Display, startXvfb } from '../helpers/xvfb';

/**
 * A packaged program that believes that it is an AppImage, and a server of releases on this computer: the way of a new
 * version from the network of Chromium to the file that takes the old one's place.
 */
const possible =
  process.platform === 'linux' &&
  electronProgram !== undefined &&
  findProgram('Xvfb') &&
  findProgram('openssl');
if (!possible) sayWhySkipped('updates of the packaged program', 'it takes Linux, Electron, Xvfb and openssl');

const run = promisify(execFile);
const name = 'vivarium-9.9.9-linux-x86_64.AppImage';
const pictures = path.resolve('test-results/screenshots');

describe.skipIf(!possible)('updates of the packaged program', () => {
  const copy = path.resolve('.cache', `updates-test-${process.pid}`);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer | undefined;
  let display: Display | undefined;
  let running: RunningProgram | undefined;
  /** What is served of the new version now. */
  let served: ServedFile;

  beforeAll(async () => {
    folder = await temporaryFolder('updates');
  });
  afterAll(async () => {
    await running?.kill();
    display?.stop();
    await server?.close();
    await folder?.remove();
    await rm(copy, { recursive: true, force: true });
  });

  it('come step by step, are refused when they are damaged, go on where they stopped, and are installed', async () => {
    const ran = path.join(folder.path, 'ran');
    const body = Buffer.from(`#!/bin/sh\necho "$APPIMAGE" > '${ran}'\n${'#'.repeat(3_000_000)}\n`);
    const certificate = await selfSigned(folder.path);
    const sha512 = createHash('sha512').update(body).digest('base64');
    const feed = [
      'version: 9.9.9',
      `files: [{ url: ${name}, sha512: '${sha512}', size: ${body.length} }]`,
      `path: ${name}`,
      `sha512: '${sha512}'`,
      `releaseDate: '2026-11-20T12:00:00.000Z'`,
    ].join('\n');
    // As GitHub does it: the file is elsewhere.
    server = await startTestServer(
      { [`/${name}`]: { body: Buffer.alloc(0), redirect: '/elsewhere/file' } },
      (asked) => {
        if (/^\/latest-linux(-arm64)?\.yml/.test(asked)) return { body: Buffer.from(feed) };
        return asked === '/elsewhere/file' ? served : undefined;
      },
      certificate,
    );
    const asked = (): (string | undefined)[] =>
      (server?.requests ?? [])
        .filter(({ path: file }) => file === '/elsewhere/file')
        .map(({ range }) => range);

    // A copy of its own, in which it is written where releases are. What is large is shared, which takes the same drive.
    const program = path.join(copy, 'vivarium');
    await run('cp', [...['--archive', '--link', path.dirname(unpackedProgram(await builtPackages()))], copy]);
    const config = `provider: generic\nurl: ${server.url('')}\nupdaterCacheDirName: vivarium-updates\n`;
    await writeFile(path.join(copy, 'resources', 'app-update.yml'), config);
    const image = path.join(folder.path, 'Vivarium.AppImage');
    await writeFile(image, 'the old version', { mode: 0o755 });
    const data = path.join(folder.path, 'data');
    await mkdir(data);
    await writeFile(path.join(data, 'preferences.json'), JSON.stringify({ welcomed: true }));
    display = await startXvfb();
    const child = spawn(
      program,
      [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        ...['--disable-gpu', '--lang=en-US', '--remote-debugging-port=0'],
        `--ignore-certificate-errors-spki-list=${certificate.spkiHash}`,
      ],
      {
        cwd: folder.path,
        env: {
          PATH: process.env.PATH,
          HOME: folder.path,
          DISPLAY: display.name,
          VIVARIUM_DATA: data,
          APPIMAGE: image,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    running = await attachTo(child);
    const { manager } = running;
    await manager.getByRole('link', { name: 'Preferences' }).click();
    const section = manager.getByTestId('updates');
    const look = async (picture: string): Promise<void> => {
      await manager.mouse.move(0, 0);
      await section.scrollIntoViewIfNeeded();
      await manager.evaluate(() => document.fonts.ready);
      await manager.screenshot({
        path: path.join(pictures, `updates-${picture}.png`),
        animations: 'disabled',
      });
      expect(await seriousViolations(manager)).toEqual([]);
    };
    const state = expect.poll(() => section.getAttribute('data-state'));

    served = { body: Buffer.alloc(body.length, 1), etag: '"one"' };
    await section.getByRole('button', { name: 'Check for updates' }).click();
    await section.getByText('Vivarium 9.9.9 is there.').waitFor();
    expect(asked()).toEqual([]);
    await section.getByRole('button', { name: 'Download' }).click();
    await section.getByText('its checksum is another').waitFor();
    await look('damaged');

    // The connection breaks once, and then nothing comes any more.
    served = { body, etag: '"two"', cutAfter: [1_000_000], stallAfter: 500_000 };
    await section.getByRole('button', { name: 'Download' }).click();
    const share = () =>
      section
        .getByRole('progressbar')
        .getAttribute('aria-valuenow')
        .catch(() => '0');
    await expect.poll(async () => Number(await share()), { timeout: 60_000 }).toBeGreaterThan(35);
    await look('downloading');
    await section.getByRole('button', { name: 'Cancel the download' }).click();
    await state.toBe('available');
    served = { body, etag: '"two"' };
    await section.getByRole('button', { name: 'Download' }).click();
    await state.toBe('ready');
    await look('ready');
    // Behind the damaged one: the whole, and what was left of it when the connection broke.
    expect(asked().slice(0, 3)).toEqual([
      undefined,
      undefined,
      expect.stringMatching(/^bytes=[1-9]\d{4,}-$/),
    ]);
    expect(await readFile(image, 'utf8')).toBe('the old version');

    await section.getByRole('button', { name: 'Restart and install' }).click();
    await ended;
    expect((await readFile(image)).equals(body)).toBe(true);
    await expect.poll(() => readFile(ran, 'utf8').catch(() => '')).toContain(image);
  });
});
