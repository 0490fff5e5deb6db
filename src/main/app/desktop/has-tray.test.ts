import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasTray } from './has-tray';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-tray-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('the tray', () => {
  /** A session whose bus answers so. */
  async function session(script: string): Promise<NodeJS.ProcessEnv> {
    await writeFile(join(folder, 'dbus-send'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'dbus-send'), 0o700);
    return { PATH: folder, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
  }

  it('is there when somebody on the bus shows icons', async () => {
    expect(await hasTray('linux', await session('echo "method return"; echo "   boolean true"'))).toBe(true);
    expect(await hasTray('linux', await session('echo "   boolean false"'))).toBe(false);
  });

  it('is not where there is no bus, or nobody to ask it', async () => {
    expect(await hasTray('linux', await session('exit 1'))).toBe(false);
    expect(await hasTray('linux', { PATH: folder })).toBe(false);
    expect(await hasTray('linux', { PATH: '/nowhere', XDG_RUNTIME_DIR: '/run/user/1' })).toBe(false);
  });

  it('belongs to other systems', async () => {
    expect(await hasTray('darwin', {})).toBe(true);
    expect(await hasTray('win32', {})).toBe(true);
  });
});
