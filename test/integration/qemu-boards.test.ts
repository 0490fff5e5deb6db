import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { defaultsFor } from '@shared/guests/defaults';
import { refusal } from '@shared/guests/refusal';
import { findStream } from '../../src/main/api/streams';
import type { Core } from '../../src/main/core';
import { buildBoardIso } from '../guests/boards.mjs';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { guestImage } from '../helpers/guest-image';
import { sayWhySkipped } from '../helpers/programs';
import { Terminal } from '../helpers/terminal';

/** Computers that are no PC, made by the wizard's own defaults from an image, up to a shell on serial port and screen. */

const bootMs = 180_000;
const boards = [
  { architecture: 'aarch64', serial: 'ttyAMA0', firmware: 'uefi' },
  { architecture: 'riscv64', serial: 'ttyS0', firmware: 'uefi' },
  // Its console is a line mode terminal; the guest shows nothing on the screen.
  { architecture: 's390x', serial: null, firmware: 'bios' },
] as const;

const guests = await Promise.all(
  boards.map(async (board) => {
    const { architecture } = board;
    const suite = `a Linux for ${architecture}`;
    const iso = await guestImage(suite, `qemu-system-${architecture}`, () => buildBoardIso(architecture));
    return { ...board, iso };
  }),
);

describe.skipIf(guests.every(({ iso }) => iso === undefined))('a new machine from an image', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;
  let capabilities: EngineCapabilities | undefined;

  beforeAll(async () => {
    built = await buildMain();
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
    const engines = await core.handlers['host.engines']({});
    capabilities = engines.find((engine) => engine.capabilities.id === 'qemu')?.capabilities;
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  /** What is typed on the machine's keyboard arrives in the shell on its screen. */
  async function typesOnScreen(id: string, terminal: Terminal, serial: string): Promise<void> {
    await terminal.waitFor('keyboard ready', bootMs);
    const screen = async () => (await core.handlers['machine.screenshot']({ id })).png;
    const before = await screen();
    // A guest that is busy may lose keys: they are typed again, and none is a bracket, for which a shell would wait.
    const text = `echo typed-42 | tee /dev/${serial}\n`;
    const typeAndLook = async (): Promise<string> => {
      await core.handlers['machine.typeText']({ id, text });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return terminal.text;
    };
    await expect.poll(typeAndLook, { interval: 1000 }).toContain('typed-42');
    expect(await screen()).not.toBe(before);
  }

  for (const { architecture, serial, firmware, iso } of guests) {
    it.skipIf(!iso)(`for ${architecture} starts it, up to a shell`, async (context) => {
      if (!capabilities?.architectures.includes(architecture)) {
        sayWhySkipped(`a Linux for ${architecture}`, 'there is no firmware for it');
        context.skip();
        return;
      }
      const report = await core.handlers['media.inspect']({ path: iso?.path ?? '' });
      expect(report).toMatchObject({ architecture, guest: 'linux', bootable: true, firmware: [firmware] });
      expect(refusal(report, capabilities)).toBeUndefined();
      const defaults = defaultsFor(report, capabilities);
      expect(defaults.architecture).toBe(architecture);
      const id = await createMachine(core, { ...defaults, name: architecture, engine: 'qemu' });
      await core.handlers['machine.start']({ id });

      const { runner, description } = findStream(core.machines, 'console.serial', { id, port: 0 });
      const terminal = new Terminal(byteStreamOver(runner.openStream(description)));
      await terminal.waitFor(`ready ${architecture}`, bootMs);
      await terminal.ask('echo serial-$((6*7))\n', 'serial-42');
      if (serial !== null) await typesOnScreen(id, terminal, serial);
      // A CD that the boot loader of RISC-V reads as a disk stays in until the machine is off.
      const eject = core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: null });
      expect(await failureCode(eject)).toBe(architecture === 'riscv64' ? 'engine.unsupported' : 'no failure');
      await core.handlers['machine.powerOff']({ id });
    });
  }
});
