import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import { v86Version } from '@shared/engine/engines';
import type { MachineConfig } from '@shared/machine/config';
import { createV86Engine } from '../../src/main/processes/machine/engines/v86/v86-engine';
import { hostImages } from '../../src/main/processes/machine/images';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { tinyGuestDisk, tinyGuestReady } from '../helpers/boot-sector';
import { testConfig, testPaths } from '../helpers/machine-config';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';
import { engineConformance } from './engine';
import { tinyGuest } from './tiny-guest';

const floppySize = 1_474_560;

engineConformance('v86', {
  version: v86Version,
  create: createV86Engine,
  writeDisk: (path) => writeFile(path, tinyGuestDisk()),
  config: { drives: [{ id: 'floppy0', kind: 'floppy', path: null }] },
  drive: 'floppy0',
  mediumSize: floppySize,
  guest: tinyGuest,
});

describe('the engine v86 by itself', () => {
  let folder: { path: string; remove: () => Promise<void> };
  beforeEach(async () => {
    folder = await temporaryFolder('v86');
  });
  afterEach(() => folder.remove());

  async function launch(changes: Partial<MachineConfig> = {}) {
    const disk = join(folder.path, 'disk0.img');
    await writeFile(disk, tinyGuestDisk());
    const told: { failed?: ErrorValue; lines: string[]; stopped: boolean } = { lines: [], stopped: false };
    const engine = createV86Engine();
    const config = testConfig({ disks: [{ id: 'disk0', path: 'disk0.img', bus: 'ide' }], ...changes });
    const machine = await engine.launch(
      engine.plan(config, testPaths(folder.path, { disks: { disk0: disk } })),
      {
        stopped: () => (told.stopped = true),
        pausedByProblem: () => {},
        resumed: () => {},
        failed: (error) => (told.failed = error),
        pointer: () => {},
        screen: () => {},
        log: (line) => told.lines.push(line),
      },
    );
    const [here, there] = streamPair();
    machine.connectSerial(0, here);
    const terminal = new Terminal(there);
    await terminal.waitFor(tinyGuestReady, 60_000);
    return { machine, terminal, told };
  }

  it('tells that the emulator failed, with the registers in the log, and closes the disks', async () => {
    const { machine, terminal, told } = await launch();
    terminal.type('x');
    await expect.poll(() => told.failed?.code).toBe('engine.failed');
    expect(told.lines.join('\n')).toMatch(/EIP=[0-9a-f]{8}.*CR3=00010000 CR4=00000020/s);
    await machine.powerOff();
    // The lock on the image is free again.
    await (await hostImages.disk(join(folder.path, 'disk0.img'))).close();
  });

  it('takes a guest without ACPI that stops for ever as powered off', async () => {
    const { machine, terminal, told } = await launch({ acpi: false });
    expect(await machine.powerButton()).toBe(false);
    terminal.type('h');
    await expect.poll(() => told.stopped).toBe(true);
  });

  it('gives a guest as much memory as it can have', async () => {
    const { machine, terminal } = await launch({ memoryMiB: 2032, videoMemoryMiB: 64 });
    expect(await terminal.ask('m99', '\n')).toBe('=81\n');
    await machine.powerOff();
  });

  it('runs four serial ports', async () => {
    const { machine, terminal } = await launch({ serialPorts: 4 });
    expect(await terminal.ask('m22', '\n')).toBe('=04\n');
    for (const port of [1, 2, 3]) {
      const [here, there] = streamPair();
      let closed = false;
      there.onClose(() => (closed = true));
      machine.connectSerial(port, here);
      there.send(Uint8Array.of(0x41));
      await expect.poll(() => there.unsent).toBe(0);
      expect(closed).toBe(false);
    }
    await machine.powerOff();
  });
});
