import type { MachineConfig } from '../machine/config';

/**
 * A system that UEFI firmware starts needs at least this much memory, in MiB: the firmware keeps a part of it while
 * the boot loader holds kernel and initial file system twice. With less the screen stays as it is, and nothing says
 * why. Linux stops so with 256 MiB (“EFI stub: Failed to allocate usable memory for kernel”:
 * github.com/rhuefi/qemu-ovmf-secureboot/pull/28 for PCs, github.com/kubevirt/kubevirt/issues/7635 for ARM, whose
 * firmware alone takes 128 MiB); 512 MiB is what the tests of this project start 64-bit systems with.
 */
export const uefiMemoryMiB = 512;

/** What speaks against an amount of memory without making it impossible. */
export type MemoryConcern = 'uefi' | 'host';

/** Boards that have no other firmware than UEFI to start a system from a disk. */
const alwaysUefi: readonly MachineConfig['architecture'][] = ['aarch64', 'riscv64'];

/**
 * Why an amount of memory is likely to disappoint. Pure.
 *
 * @param hostMemoryMiB what the computer has; undefined while nobody knows
 */
export function memoryConcerns(
  { architecture, firmware, memoryMiB }: Pick<MachineConfig, 'architecture' | 'firmware' | 'memoryMiB'>,
  hostMemoryMiB: number | undefined,
): MemoryConcern[] {
  const concerns: MemoryConcern[] = [];
  const uefi = firmware === 'uefi' || alwaysUefi.includes(architecture);
  if (uefi && architecture !== 'i386' && memoryMiB < uefiMemoryMiB) concerns.push('uefi');
  if (hostMemoryMiB !== undefined && memoryMiB > hostMemoryMiB) concerns.push('host');
  return concerns;
}
