import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { Terminal } from '../helpers/terminal';
import { type EngineRig, type Subject, within } from './engine-rig';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A machine starts, computes, pauses, and ends. */
export function engineLife(rig: EngineRig, subject: Subject): void {
  it('boots, and answers a computed question over the serial port', async () => {
    const { guest } = await rig.boot();
    expect(await guest.multiply(6, 7)).toBe(42);
    expect(await guest.multiply(9, 9)).toBe(81);
  });

  it('gives each serial terminal what was said before it came', async () => {
    const { machine, guest } = await rig.boot();
    await guest.multiply(6, 7);
    const [here, there] = streamPair();
    const second = new Terminal(there);
    machine.connectSerial(0, here);
    await second.waitFor('42');
    expect(await subject.guest(second).multiply(3, 4)).toBe(12);
  });

  it('closes a stream to a serial port that it does not have', async () => {
    const { machine } = await rig.boot();
    const [here, there] = streamPair();
    const closed = new Promise<void>((resolve) => there.onClose(resolve));
    machine.connectSerial(3, here);
    await within(closed, 'closing');
  });

  it('takes a long paste without losing a byte of it', async () => {
    const { terminal, guest } = await rig.boot();
    // Twenty questions at once; every answer has to come.
    const from = terminal.text.length;
    const answers = Array.from({ length: 20 }, () => guest.multiply(8, 7));
    expect(await Promise.all(answers)).toEqual(Array(20).fill(56));
    expect(terminal.text.slice(from).match(/56/g)).toHaveLength(20);
  });

  it('makes no progress while it is paused, and goes on afterwards', async () => {
    const { machine, guest, terminal } = await rig.boot();
    const before = await guest.counter();
    await machine.pause();
    const asked = guest.counter();
    const silence = terminal.text.length;
    await sleep(300);
    expect(terminal.text.length).toBe(silence);
    await machine.resume();
    expect(await asked).toBeGreaterThanOrEqual(before);
    await expect.poll(() => guest.counter()).toBeGreaterThan(before);
  });

  it('boots again when it is reset, and keeps the disk', async () => {
    const { machine, guest, terminal } = await rig.boot();
    expect(await guest.addOnDisk()).toBe(1);
    const from = terminal.text.length;
    await machine.reset();
    await terminal.waitFor('ready', 60_000, from);
    expect(await guest.multiply(2, 5)).toBe(10);
    expect(await guest.numberOnDisk()).toBe(1);
  });

  it('resets a paused machine, which then boots when it is resumed', async () => {
    const { machine, guest, terminal } = await rig.boot();
    await machine.pause();
    const from = terminal.text.length;
    await machine.reset();
    await machine.resume();
    await terminal.waitFor('ready', 60_000, from);
    expect(await guest.multiply(2, 5)).toBe(10);
  });

  it('presses the power button only where somebody listens', async () => {
    const { machine, guest, recorded } = await rig.boot();
    expect(await machine.powerButton()).toBe(false);
    await guest.listenToPowerButton();
    expect(await machine.powerButton()).toBe(true);
    await within(recorded.stopped, 'power-off');
    expect(recorded.failures).toEqual([]);
  });

  it('tells when the guest powers itself off, with everything on the disk', async () => {
    const { guest, recorded } = await rig.boot();
    await guest.addOnDisk();
    guest.powerOff();
    await within(recorded.stopped, 'power-off');
    expect(rig.images.open).toBe(0);
    const again = await rig.boot();
    expect(await again.guest.numberOnDisk()).toBe(1);
  });

  it('keeps what the guest wrote when it is powered off at once', async () => {
    const { machine, guest } = await rig.boot();
    for (let count = 1; count <= 5; count++) expect(await guest.addOnDisk()).toBe(count);
    await machine.powerOff();
    await machine.powerOff();
    const again = await rig.boot();
    expect(await again.guest.numberOnDisk()).toBe(5);
  });

  it('refuses what it cannot do before anything is touched', () => {
    const otherArchitecture = rig.config.architecture === 'x86_64' ? 'aarch64' : 'x86_64';
    expect(() => rig.engine.plan({ ...rig.config, architecture: otherArchitecture }, rig.paths)).toThrow(
      Failure,
    );
    expect(() => rig.engine.plan({ ...rig.config, cpus: subject.tooManyCpus ?? 4 }, rig.paths)).toThrow(
      /processor/,
    );
  });

  it('measures itself', async () => {
    const { machine, guest } = await rig.boot();
    await machine.statistics();
    await guest.addOnDisk();
    // Each time it tells what was since the time before.
    let sum = { cpu: 0, diskWriteBytes: 0 };
    await expect
      .poll(async () => {
        const { cpu, diskWriteBytes, memoryBytes } = await machine.statistics();
        expect(memoryBytes).toBeGreaterThan(10 * 1024 * 1024);
        sum = { cpu: sum.cpu + cpu, diskWriteBytes: sum.diskWriteBytes + diskWriteBytes };
        return sum.cpu > 0 && sum.diskWriteBytes > 0;
      })
      .toBe(true);
  });

  it('runs two machines side by side', async () => {
    const one = await rig.boot();
    const disk = join(rig.folder, 'second.img');
    await subject.writeDisk(disk);
    const two = await rig.boot({ disks: { disk0: disk } });
    await one.guest.addOnDisk();
    expect(await two.guest.numberOnDisk()).toBe(0);
    await one.machine.powerOff();
    expect(await two.guest.multiply(7, 7)).toBe(49);
  });
}
