import { expect, it } from 'vitest';
import { folderFor } from './data-target';

it.each([
  ['/media/disk', 'linux', '/media/disk/Vivarium'],
  ['/media/disk/', 'linux', '/media/disk/Vivarium'],
  ['/', 'linux', '/Vivarium'],
  ['/media/vivarium', 'linux', '/media/vivarium'],
  ['D:\\', 'win32', 'D:\\Vivarium'],
  ['D:\\Machines', 'win32', 'D:\\Machines\\Vivarium'],
])('%s on %s: %s', (chosen, platform, folder) => {
  expect(folderFor(chosen, platform)).toBe(folder);
});
