import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { testLaunch } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { testConfig, testPaths } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';
import { toneGuestDisk, toneHertz } from '../helpers/tone-guest';

const qemu = findProgram('qemu-system-i386');
const usable =
  qemu !== undefined && spawnSync(qemu, ['-device', 'help'], { encoding: 'utf8' }).stdout.includes('"sb16"');
if (!usable) sayWhySkipped('sound under QEMU', 'there is no qemu-system-i386 with a Sound Blaster');

/** What is heard: for how long, in seconds, each of the frequencies sounds in a WAV file of 16-bit samples. */
function heard(file: Buffer, frequencies: readonly number[]): number[] {
  expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 12)).toBe('RIFFWAVE');
  const [channels, rate, bits] = [file.readUInt16LE(22), file.readUInt32LE(24), file.readUInt16LE(34)];
  expect(bits).toBe(16);
  const step = channels * 2;
  const crossings: number[] = [];
  let sign = 0;
  for (let at = 44; at + step <= file.length; at += step) {
    const value = file.readInt16LE(at);
    // What is as quiet as that is no side of a square wave.
    if (Math.abs(value) < 2000) continue;
    if (Math.sign(value) === sign) continue;
    sign = Math.sign(value);
    crossings.push((at - 44) / step);
  }
  const halves = crossings.slice(1).map((end, index) => end - (crossings[index] ?? 0));
  return frequencies.map((hertz) => {
    const half = rate / hertz / 2;
    return halves.filter((length) => Math.abs(length - half) <= half / 10 + 1).length / hertz / 2;
  });
}

describe.skipIf(!usable)('sound', () => {
  let folder: { path: string; remove: () => Promise<void> };
  beforeAll(async () => (folder = await temporaryFolder('qemu-sound')));
  afterAll(() => folder.remove());

  it('of the speaker and of the sound card of a DOS machine is heard on the host, as the guest plays it', async () => {
    const config = testConfig({
      engine: 'qemu',
      guest: 'freedos',
      sound: true,
      disks: [{ id: 'disk0', path: 'disk0.img', bus: 'ide' }],
    });
    const disk = join(folder.path, 'disk0.img');
    const wav = join(folder.path, 'a, tone.wav');
    await writeFile(disk, toneGuestDisk());
    const audio = { driver: 'wav', path: wav } as const;
    const plan = qemuEngine.plan(
      config,
      testPaths(folder.path, {
        disks: { disk0: disk },
        qemu: testLaunch(config, { binary: qemu ?? '', audio }),
      }),
    );
    const problems: ErrorValue[] = [];
    const nothing = (): void => {};
    const machine = await qemuEngine.launch(plan, {
      stopped: nothing,
      resumed: nothing,
      pausedByProblem: (problem) => void problems.push(problem),
      failed: (error) => void problems.push(error),
      pointer: nothing,
      screen: nothing,
      log: nothing,
    });
    try {
      const [here, there] = streamPair();
      machine.connectSerial(0, here);
      await new Terminal(there).waitFor('T');
    } finally {
      await machine.powerOff();
    }
    expect(problems).toEqual([]);
    const [speaker = 0, card = 0, neither = 0] = heard(await readFile(wav), [
      toneHertz.speaker,
      toneHertz.card,
      700,
    ]);
    expect(speaker).toBeGreaterThan(0.7);
    expect(speaker).toBeLessThan(1.3);
    expect(card).toBeGreaterThan(0.7);
    expect(card).toBeLessThan(1.3);
    expect(neither).toBeLessThan(0.05);
  });
});
