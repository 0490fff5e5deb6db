import { describe, expect, it } from 'vitest';
import type { Architecture, MachineConfig } from '@shared/machine/config';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { pathsFor, testMachine } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { engineEvents } from '../helpers/engine-events';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

/** Boards without a guest here: their firmware is seen at work on the console that a person would look at. */
const boards: {
  architecture: Architecture;
  firmware: MachineConfig['firmware'];
  says: RegExp;
}[] = [{ architecture: 'ppc64', firmware: 'bios', says: /SLOF.*Press "s" to enter Open Firmware/s }];

describe('the firmware of other architectures', () => {
  for (const { architecture, firmware, says } of boards) {
    const binary = findProgram(`qemu-system-${architecture}`);
    if (!binary) sayWhySkipped(`the firmware of ${architecture}`, `qemu-system-${architecture} is missing`);
    it.skipIf(!binary)(`of ${architecture} runs, speaks and shows a picture`, async () => {
      const { path, remove } = await temporaryFolder('board');
      const failures: unknown[] = [];
      const sizes: number[] = [];
      const fail = (error: unknown): void => void failures.push(error);
      const events = engineEvents({
        pausedByProblem: fail,
        failed: fail,
        screen: ({ width }) => void sizes.push(width),
      });
      const config = testMachine({ architecture, firmware, memoryMiB: 256 });
      const paths = pathsFor(config, path, { binary: binary ?? '' });
      const machine = await qemuEngine.launch(qemuEngine.plan(config, paths), events);
      try {
        const [here, there] = streamPair();
        machine.connectSerial(0, here);
        await new Terminal(there).waitFor(says);
        const { width, height, rgba } = await machine.capture();
        expect(rgba.length).toBe(width * height * 4);
        expect(sizes.at(-1)).toBe(width);
        expect((await machine.statistics()).cpu).toBeLessThan(8);
        expect(failures).toEqual([]);
      } finally {
        await machine.powerOff();
        await remove();
      }
    });
  }
});
