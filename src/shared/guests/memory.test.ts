import { expect, it } from 'vitest';
import { memoryConcerns } from './memory';

const uefi = { architecture: 'x86_64', firmware: 'uefi' } as const;

it.each([
  [{ ...uefi, memoryMiB: 511 }, 4096, ['uefi']],
  [{ ...uefi, memoryMiB: 512 }, 4096, []],
  [{ ...uefi, firmware: 'bios', memoryMiB: 64 }, 4096, []],
  // It has no other firmware, whatever its settings say.
  [{ architecture: 'aarch64', firmware: 'bios', memoryMiB: 256 }, 4096, ['uefi']],
  [{ architecture: 's390x', firmware: 'bios', memoryMiB: 256 }, 4096, []],
  [{ ...uefi, memoryMiB: 4096 }, 4096, []],
  [{ ...uefi, memoryMiB: 4097 }, 4096, ['host']],
  [{ ...uefi, memoryMiB: 256 }, 128, ['uefi', 'host']],
  [{ ...uefi, memoryMiB: 1_000_000 }, undefined, []],
] as const)('%j on a computer with %s MiB: %j', (machine, host, concerns) => {
  expect(memoryConcerns(machine, host)).toEqual(concerns);
});
