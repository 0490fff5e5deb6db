import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningMachine, ScreenCapture } from '../../src/main/processes/machine/engine';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { pathsFor, testMachine } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { buildNetbootIso } from '../guests/netboot.mjs';
import { engineEvents } from '../helpers/engine-events';
import { guestImage } from '../helpers/guest-image';
import { findProgram } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** Debian's installer on QEMU, up to its first question on the graphical screen, which the keyboard moves in. */

const suite = 'the installer of Debian on QEMU';
const qemu = findProgram('qemu-system-i386');
/** An idle computer needs a fifth of it. */
const patienceMs = 250_000;
/** The guest draws its text in rows of 16 pixels. */
const rowHeight = 16;
/** The grey of its dialogs, and the red of a chosen entry, as R, G, B, A. */
const grey = Buffer.from([0xaa, 0xaa, 0xaa, 0xff]).readUInt32LE();
const red = Buffer.from([0xaa, 0, 0, 0xff]).readUInt32LE();
const arrowDown = [0xe0, 0x50, 0xe0, 0xd0];

const iso = await guestImage(suite, 'qemu-system-i386', () => buildNetbootIso());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Picture {
  /** Of the pixels. */
  greyShare: number;
  /** Rows of text with a bar of red in them: the chosen entry. */
  barRows: number[];
}

function look({ width, height, rgba }: ScreenCapture): Picture {
  const pixels = new Uint32Array(Uint8Array.from(rgba).buffer);
  let greys = 0;
  const reds = new Map<number, number>();
  pixels.forEach((pixel, index) => {
    if (pixel === grey) greys++;
    else if (pixel === red) {
      const row = Math.floor(index / width / rowHeight);
      reds.set(row, (reds.get(row) ?? 0) + 1);
    }
  });
  return {
    greyShare: greys / (width * height),
    barRows: [...reds].flatMap(([row, count]) => (count > 1000 ? [row] : [])),
  };
}

describe.skipIf(!iso)(suite, () => {
  let remove: () => Promise<void>;
  let machine: RunningMachine;
  const failures: unknown[] = [];

  beforeAll(async () => {
    const { path, remove: removeFolder } = await temporaryFolder('installer');
    remove = removeFolder;
    const config = testMachine({
      architecture: 'i386',
      memoryMiB: 512,
      boot: ['cdrom'],
      drives: [{ id: 'cd0', kind: 'cdrom', path: iso?.path ?? null }],
    });
    const fail = (error: unknown): void => void failures.push(error);
    const events = engineEvents({ pausedByProblem: fail, failed: fail });
    machine = await qemuEngine.launch(
      qemuEngine.plan(config, pathsFor(config, path, { binary: qemu ?? '' })),
      events,
    );
  });
  afterAll(async () => {
    await machine?.powerOff();
    await remove?.();
  });

  /** Resolves to a picture that `wanted` accepts twice in a row. */
  async function settled(wanted: (picture: Picture) => boolean): Promise<Picture> {
    const end = performance.now() + patienceMs;
    for (let before = false; ;) {
      const picture = look(await machine.capture());
      const now = wanted(picture);
      if (now && before) return picture;
      before = now;
      if (performance.now() > end)
        throw new Error(`The screen did not come; it shows ${JSON.stringify(picture)}`);
      await sleep(400);
    }
  }

  it(
    'asks for a language, and the arrow keys lead down',
    async () => {
      const menu = await settled(({ greyShare, barRows }) => greyShare > 0.2 && barRows.length > 0);
      machine.sendScancodes(arrowDown);
      const [top = 0] = menu.barRows;
      const below = await settled(({ greyShare, barRows: [row = 0] }) => greyShare > 0.2 && row > top);
      expect(below.barRows[0]).toBe(top + 1);
      expect(failures).toEqual([]);
    },
    2 * patienceMs,
  );
});
