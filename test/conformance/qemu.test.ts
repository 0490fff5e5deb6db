import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { describe } from 'vitest';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import { createQemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { testLaunch } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { powerRegisters, tinyGuestDisk } from '../helpers/boot-sector';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { engineConformance } from './engine';
import { tinyGuest } from './tiny-guest';

const floppySize = 1_474_560;
const machineType = 'pc-i440fx-7.2';
/** The guest knows nothing of devices that go: there is nothing to wait for. */
const unplugMs = 1000;

for (const architecture of ['i386', 'x86_64'] as const) {
  const binary = findProgram(`qemu-system-${architecture}`);
  const usable =
    binary !== undefined &&
    spawnSync(binary, ['-M', 'help'], { encoding: 'utf8' }).stdout.includes(machineType);
  if (!usable) sayWhySkipped(`QEMU, ${architecture}`, `no qemu-system-${architecture} with ${machineType}`);
  describe.skipIf(!usable)(architecture, () => {
    engineConformance('qemu', {
      version: qemuStateVersion,
      create: (images) => createQemuEngine(images, unplugMs),
      hotPlugBus: 'virtio',
      writeDisk: (path) => writeFile(path, tinyGuestDisk(undefined, powerRegisters.qemu)),
      config: {
        engine: 'qemu',
        architecture,
        drives: [{ id: 'floppy0', kind: 'floppy', path: null }],
      },
      paths: (config) => ({ qemu: testLaunch({ ...config, architecture }, { binary: binary ?? '' }) }),
      drive: 'floppy0',
      mediumSize: floppySize,
      guest: tinyGuest,
      tooManyCpus: 256,
      screenName: 'QEMU (Test machine)',
      readsText: false,
      ownFirmware: false,
      faultyImages: false,
    });
  });
}
