import type { EngineCapabilities } from './capabilities';

/** The exact version of the `v86` package; saved states are only good for the version that wrote them. */
export const v86Version = '0.5.462';

/** The embedded engine. Its limits are those of the emulator: 32 bit, one CPU, IDE, no USB. */
export const v86Capabilities: EngineCapabilities = {
  id: 'v86',
  title: 'Embedded (v86)',
  version: v86Version,
  architectures: ['i386'],
  bits: 32,
  memoryMiB: { min: 16, max: 2032, default: 512 },
  videoMemoryMiB: { min: 2, max: 64, default: 16 },
  maxCpus: 1,
  firmware: ['bios'],
  diskBuses: ['ide'],
  maxDisks: 2,
  maxCdroms: 1,
  maxFloppies: 2,
  nicModels: ['virtio', 'ne2k'],
  maxNics: 1,
  maxSerialPorts: 4,
  bootDevices: ['disk', 'cdrom', 'floppy'],
  sound: false,
  acpiOptional: true,
  saveState: true,
  liveMedia: true,
};

/** The engine for tests of screens and services: no guest code runs, everything else behaves like a machine. */
export const fakeCapabilities: EngineCapabilities = {
  ...v86Capabilities,
  id: 'fake',
  title: 'Fake (for tests)',
  version: '1',
};
