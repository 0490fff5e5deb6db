import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder, dataFolder, runtimeFolder, socketAddress, type Surroundings } from './paths';

const linux: Surroundings = { platform: 'linux', env: {}, home: '/home/ada' };

describe('folders by the customs of each system', () => {
  it.each<[Partial<Surroundings>, string, string]>([
    [{}, '/home/ada/.local/share/vivarium', '/home/ada/.cache/vivarium'],
    [{ env: { XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c' } }, '/d/vivarium', '/c/vivarium'],
    [
      { env: { XDG_DATA_HOME: 'not/absolute' } },
      '/home/ada/.local/share/vivarium',
      '/home/ada/.cache/vivarium',
    ],
    [
      { platform: 'darwin' },
      '/home/ada/Library/Application Support/Vivarium',
      '/home/ada/Library/Caches/Vivarium',
    ],
    [{ env: { VIVARIUM_DATA: '/v', XDG_DATA_HOME: '/d' } }, '/v', '/v/cache'],
    [{ platform: 'darwin', env: { VIVARIUM_DATA: '/v' } }, '/v', '/v/cache'],
    [{ platform: 'win32', env: { LOCALAPPDATA: '/local' } }, '/local/Vivarium', '/local/Vivarium/Cache'],
  ])('%j', (changes, data, cache) => {
    expect(dataFolder({ ...linux, ...changes })).toBe(data);
    expect(cacheFolder({ ...linux, ...changes })).toBe(cache);
  });

  it('takes a relative VIVARIUM_DATA from the current folder', () => {
    expect(dataFolder({ ...linux, env: { VIVARIUM_DATA: 'here' } })).toBe(resolve('here'));
  });
});

describe('runtimeFolder', () => {
  it('is somewhere private even where the session has none', async () => {
    expect(await runtimeFolder({ ...linux, env: { XDG_RUNTIME_DIR: '/proc/no/such' } })).toMatch(
      /vivarium-\d+$/,
    );
  });

  it('gives addresses that fit into a socket’s (108 bytes on Linux) and differ by key', async () => {
    const [a, b] = [await socketAddress('/a'.repeat(300)), await socketAddress('/b')];
    expect(a).not.toBe(b);
    expect(Buffer.byteLength(a)).toBeLessThan(104);
  });
});
