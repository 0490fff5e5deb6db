import { expect, it } from 'vitest';
import { sortTargets, targetsOf } from './targets.mjs';

const reachable = () => Promise.resolve(undefined);
const everything = () => true;

it('builds everything of its own system where programs and tools are there, and says where the rest is built', async () => {
  const { possible, impossible } = await sortTargets({
    platform: 'linux',
    hasProgram: everything,
    toolsProblem: reachable,
  });
  expect(possible).toEqual(targetsOf.linux);
  expect(impossible).toEqual([
    { targets: ['Windows nsis', 'Windows zip'], reason: expect.stringContaining('built on Windows') },
    { targets: ['macOS dmg', 'macOS zip'], reason: expect.stringContaining('built on macOS') },
  ]);
});

it('leaves out what lacks a program or a tool, and names it', async () => {
  let asked = 0;
  const { possible, impossible } = await sortTargets({
    platform: 'linux',
    hasProgram: (program: string) => program !== 'rpmbuild',
    toolsProblem: () => {
      asked++;
      return Promise.resolve('the host is not reached');
    },
  });
  expect(possible).toEqual(['dir', 'tar.gz', 'zip', 'deb', 'pacman']);
  expect(impossible.slice(0, 2)).toEqual([
    { targets: ['rpm'], reason: 'needs rpmbuild' },
    { targets: ['AppImage'], reason: "needs AppImage's runtime: the host is not reached" },
  ]);
  expect(asked).toBe(1);
});

it('packs archives by a 7-Zip that is there, or that can be fetched', async () => {
  const possible = async (programs: string[], reached: boolean) => {
    const { possible: targets } = await sortTargets({
      platform: 'linux',
      hasProgram: (program: string) => programs.includes(program),
      toolsProblem: () => Promise.resolve(reached ? undefined : 'the host is not reached'),
    });
    return targets;
  };
  expect(await possible([], false)).toEqual(['dir']);
  expect(await possible(['7z'], false)).toEqual(['dir', 'tar.gz', 'zip']);
  expect(await possible([], true)).toEqual(['dir', 'tar.gz', 'zip', 'AppImage']);
});

it('asks nobody where nothing has to be fetched', async () => {
  const { possible } = await sortTargets({
    platform: 'darwin',
    hasProgram: everything,
    toolsProblem: () => expect.unreachable(),
  });
  expect(possible).toEqual(['dir', 'dmg', 'zip']);
});

it('refuses a system without packages', async () => {
  const other = sortTargets({ platform: 'sunos', hasProgram: everything, toolsProblem: reachable });
  await expect(other).rejects.toThrow('no packages for sunos');
});
