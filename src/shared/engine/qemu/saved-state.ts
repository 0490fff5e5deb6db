/**
 * What saved states of QEMU are marked with. QEMU itself reads the state of older versions as long as the machine
 * version is the same, so this changes only with the way in which we wrap it.
 */
export const qemuStateVersion = 'migration-2';
