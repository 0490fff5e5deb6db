import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/helpers/temp-folder';
import { feedFile, type Installation, updatedBy } from './updated-by';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('updated-by');
});
afterEach(() => folder.remove());

const where = (change: Partial<Installation>): Installation => ({
  platform: 'linux',
  packaged: true,
  program: path.join(folder.path, 'vivarium'),
  resources: folder.path,
  env: {},
  ...change,
});

it('leaves a checkout, and a build of one’s own, as they are', () => {
  expect(updatedBy(where({ packaged: false, env: { APPIMAGE: '/x' } }))).toBe('nobody');
  expect(updatedBy(where({ env: { APPIMAGE: '/x' } }))).toBe('nobody');
});

it('knows whose business the updates of a release are', async () => {
  await writeFile(feedFile(folder.path), 'provider: github\n');
  expect(updatedBy(where({}))).toBe('hand');
  expect(updatedBy(where({ env: { APPIMAGE: '/x/Vivarium.AppImage' } }))).toBe('itself');
  expect(updatedBy(where({ platform: 'darwin' }))).toBe('itself');
  expect(updatedBy(where({ platform: 'win32' }))).toBe('hand');
  await writeFile(path.join(folder.path, 'Uninstall Vivarium.exe'), '');
  expect(updatedBy(where({ platform: 'win32' }))).toBe('itself');
  await writeFile(path.join(folder.path, 'package-type'), 'deb');
  expect(updatedBy(where({ env: { APPIMAGE: '/inherited/from/another' } }))).toBe('package-manager');
});
