import { mkdir, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorValue, Failure } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { DiskConfig, MachineConfig, NicConfig } from '@shared/machine/config';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { hardwareDigest } from '../../src/main/disks/saved-state/hardware-digest';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import type { Engine, EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import type { ImageOpener } from '../../src/main/processes/machine/images';
import { ModelClient } from '../../src/main/processes/machine/rfb/testing/model-client';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { diskFull, FaultyImages } from '../helpers/faulty-images';
import { testConfig, testPaths } from '../helpers/machine-config';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

/** A guest at the other end of a serial line. */
export interface Guest {
  /** Resolves when it takes commands. */
  ready(): Promise<void>;
  multiply(a: number, b: number): Promise<number>;
  /** A number that grows while the guest runs. */
  counter(): Promise<number>;
  /** Adds one to a number on the first disk; resolves when the guest believes it is there. */
  addOnDisk(): Promise<number>;
  numberOnDisk(): Promise<number>;
  /** The first 8 bytes of the medium, or null. */
  medium(): Promise<string | null>;
  graphics(): Promise<void>;
  /** Text mode, with `textShown` on the screen. */
  text(): Promise<void>;
  textShown: string;
  listenToPowerButton(): Promise<void>;
  powerOff(): void;
}

/** An engine under test, and how to talk to what runs in it. */
export interface Subject {
  version: string;
  create(images: ImageOpener): Engine;
  /** Writes the image that the guest boots from. */
  writeDisk(path: string): Promise<void>;
  config: Partial<MachineConfig>;
  /** The drive that `Guest.medium` looks at. */
  drive: string;
  mediumSize: number;
  guest(terminal: Terminal): Guest;
  /** What `LaunchPaths` has for this engine besides. */
  paths?: (config: MachineConfig) => Partial<LaunchPaths>;
  /** A number of processors that is too many. Default 4. */
  tooManyCpus?: number;
  /** The name of the screen that viewers are told. Default: the machine's. */
  screenName?: string;
  /** Text modes can be read as text. Default true. */
  readsText?: boolean;
  /** It reads its firmware from `paths.bios`. Default true. */
  ownFirmware?: boolean;
  /** The bus on which disks come and go while the machine runs. Default: the engine cannot do that. */
  hotPlugBus?: DiskConfig['bus'];
  /** Its disks go through `ImageOpener` while it runs, so that tests can put faults in between. Default true. */
  faultyImages?: boolean;
}

interface Recorded {
  events: EngineEvents;
  stopped: Promise<void>;
  problem: Promise<ErrorValue>;
  screens: { width: number; height: number; text: boolean }[];
  failures: ErrorValue[];
  problems: ErrorValue[];
}

function record(): Recorded {
  const screens: Recorded['screens'] = [];
  const failures: ErrorValue[] = [];
  const problems: ErrorValue[] = [];
  let tellStopped: () => void;
  let tellProblem: (problem: ErrorValue) => void;
  const stopped = new Promise<void>((resolve) => (tellStopped = resolve));
  const problem = new Promise<ErrorValue>((resolve) => (tellProblem = resolve));
  const events: EngineEvents = {
    stopped: () => tellStopped(),
    resumed() {},
    pausedByProblem(value) {
      problems.push(value);
      tellProblem(value);
    },
    failed: (error) => void failures.push(error),
    pointer: () => {},
    screen: (size) => void screens.push(size),
    log: () => {},
  };
  return { events, stopped, problem, screens, failures, problems };
}

function within<T>(promise: Promise<T>, what: string, limitMs = 60_000): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${limitMs} ms`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function testNic(id: string, model: NicConfig['model']): NicConfig {
  return { id, model, mac: '52:54:00:00:00:01', connected: true, network: null };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function coloursOf(pixels: Uint8Array): number {
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const colours = new Set<number>();
  for (let at = 0; at < pixels.length; at += 4) colours.add(view.getUint32(at));
  return colours.size;
}

/** What every engine does, whatever runs in it. */
export function engineConformance(name: string, subject: Subject): void {
  describe(`the engine ${name}`, () => {
    let folder: string;
    let remove: () => Promise<void>;
    let images: FaultyImages;
    let engine: Engine;
    let config: MachineConfig;
    let paths: LaunchPaths;
    const running: RunningMachine[] = [];

    beforeEach(async () => {
      ({ path: folder, remove } = await temporaryFolder('conformance'));
      images = new FaultyImages();
      engine = subject.create(images);
      config = testConfig({
        disks: [{ id: 'disk0', path: 'disks/disk0.img', bus: 'ide' }],
        ...subject.config,
      });
      const disk = join(folder, 'disk0.img');
      await subject.writeDisk(disk);
      paths = testPaths(folder, { disks: { disk0: disk }, ...subject.paths?.(config) });
    });

    afterEach(async () => {
      for (const machine of running.splice(0)) await machine.powerOff();
      expect(images.open).toBe(0);
      await remove();
    });

    async function launch(changes: Partial<LaunchPaths> = {}, recorded = record()) {
      const machine = await engine.launch(engine.plan(config, { ...paths, ...changes }), recorded.events);
      running.push(machine);
      const [here, there] = streamPair();
      const terminal = new Terminal(there);
      machine.connectSerial(0, here);
      return { machine, terminal, guest: subject.guest(terminal), recorded };
    }

    async function boot(changes: Partial<LaunchPaths> = {}) {
      const started = await launch(changes);
      await started.guest.ready();
      return started;
    }

    async function save(machine: RunningMachine): Promise<string> {
      const path = join(folder, 'state.viv');
      const writer = await SavedStateWriter.create(path, {
        engine: engine.id,
        engineVersion: subject.version,
        hardwareDigest: hardwareDigest(config),
      });
      await machine.saveState(writer);
      await writer.finish();
      return path;
    }

    it('boots, and answers a computed question over the serial port', async () => {
      const { guest } = await boot();
      expect(await guest.multiply(6, 7)).toBe(42);
      expect(await guest.multiply(9, 9)).toBe(81);
    });

    it('gives each serial terminal what was said before it came', async () => {
      const { machine, guest } = await boot();
      await guest.multiply(6, 7);
      const [here, there] = streamPair();
      const second = new Terminal(there);
      machine.connectSerial(0, here);
      await second.waitFor('42');
      expect(await subject.guest(second).multiply(3, 4)).toBe(12);
    });

    it('closes a stream to a serial port that it does not have', async () => {
      const { machine } = await boot();
      const [here, there] = streamPair();
      const closed = new Promise<void>((resolve) => there.onClose(resolve));
      machine.connectSerial(3, here);
      await within(closed, 'closing');
    });

    it('takes a long paste without losing a byte of it', async () => {
      const { terminal, guest } = await boot();
      // Twenty questions at once; every answer has to come.
      const from = terminal.text.length;
      const answers = Array.from({ length: 20 }, () => guest.multiply(8, 7));
      expect(await Promise.all(answers)).toEqual(Array(20).fill(56));
      expect(terminal.text.slice(from).match(/56/g)).toHaveLength(20);
    });

    it('makes no progress while it is paused, and goes on afterwards', async () => {
      const { machine, guest, terminal } = await boot();
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
      const { machine, guest, terminal } = await boot();
      expect(await guest.addOnDisk()).toBe(1);
      const from = terminal.text.length;
      await machine.reset();
      await terminal.waitFor('ready', 60_000, from);
      expect(await guest.multiply(2, 5)).toBe(10);
      expect(await guest.numberOnDisk()).toBe(1);
    });

    it('resets a paused machine, which then boots when it is resumed', async () => {
      const { machine, guest, terminal } = await boot();
      await machine.pause();
      const from = terminal.text.length;
      await machine.reset();
      await machine.resume();
      await terminal.waitFor('ready', 60_000, from);
      expect(await guest.multiply(2, 5)).toBe(10);
    });

    it('presses the power button only where somebody listens', async () => {
      const { machine, guest, recorded } = await boot();
      expect(await machine.powerButton()).toBe(false);
      await guest.listenToPowerButton();
      expect(await machine.powerButton()).toBe(true);
      await within(recorded.stopped, 'power-off');
      expect(recorded.failures).toEqual([]);
    });

    it('tells when the guest powers itself off, with everything on the disk', async () => {
      const { guest, recorded } = await boot();
      await guest.addOnDisk();
      guest.powerOff();
      await within(recorded.stopped, 'power-off');
      expect(images.open).toBe(0);
      const again = await boot();
      expect(await again.guest.numberOnDisk()).toBe(1);
    });

    it('keeps what the guest wrote when it is powered off at once', async () => {
      const { machine, guest } = await boot();
      for (let count = 1; count <= 5; count++) expect(await guest.addOnDisk()).toBe(count);
      await machine.powerOff();
      await machine.powerOff();
      const again = await boot();
      expect(await again.guest.numberOnDisk()).toBe(5);
    });

    it('saves its state and goes on from it in a new instance', async () => {
      const { machine, guest } = await boot();
      await guest.addOnDisk();
      await expect.poll(() => guest.counter()).toBeGreaterThan(0);
      const before = await guest.counter();
      await machine.pause();
      const savedState = await save(machine);
      await machine.powerOff();

      const again = await launch({ savedState });
      expect(await again.guest.counter()).toBeGreaterThanOrEqual(before);
      expect(again.terminal.text).not.toContain('ready');
      expect(await again.guest.addOnDisk()).toBe(2);
      expect(await readdir(folder)).not.toContain('state.viv');
    });

    it('stays paused after saving, and can be resumed', async () => {
      const { machine, guest } = await boot();
      await machine.pause();
      await save(machine);
      await machine.resume();
      expect(await guest.multiply(5, 5)).toBe(25);
    });

    it('refuses a damaged saved state, and changes nothing', async () => {
      const { machine } = await boot();
      await machine.pause();
      const savedState = await save(machine);
      await machine.powerOff();
      await truncate(savedState, 100);
      await expect(launch({ savedState })).rejects.toMatchObject({ code: 'saved-state.corrupt' });
      expect(await readdir(folder)).toContain('state.viv');
      expect(images.open).toBe(0);
    });

    it('refuses the saved state of other hardware', async () => {
      const { machine } = await boot();
      await machine.pause();
      const savedState = await save(machine);
      await machine.powerOff();
      config = { ...config, memoryMiB: config.memoryMiB * 2 };
      await expect(launch({ savedState })).rejects.toMatchObject({ code: 'saved-state.mismatch' });
    });

    it('changes media while it runs', async () => {
      const { machine, guest } = await boot();
      const medium = join(folder, 'medium.img');
      const contents = Buffer.alloc(subject.mediumSize);
      contents.write('VIVARIUM');
      await writeFile(medium, contents);
      expect(await guest.medium()).toBeNull();
      await machine.insertMedium(subject.drive, medium);
      expect(await guest.medium()).toBe('VIVARIUM');
      await machine.insertMedium(subject.drive, null);
      expect(await guest.medium()).toBeNull();
    });

    it('keeps the old medium when the new one cannot be opened', async () => {
      const medium = join(folder, 'medium.img');
      const contents = Buffer.alloc(subject.mediumSize);
      contents.write('OLD DISK');
      await writeFile(medium, contents);
      const { machine, guest } = await boot({ drives: { [subject.drive]: medium } });
      await writeFile(join(folder, 'empty.img'), '');
      await mkdir(join(folder, 'folder.img'));
      const cases = [
        ['missing.img', 'file.not-found'],
        ['empty.img', 'medium.empty'],
        ['folder.img', 'file.not-a-file'],
      ] as const;
      for (const [file, code] of cases) {
        await expect(machine.insertMedium(subject.drive, join(folder, file))).rejects.toMatchObject({ code });
      }
      expect(await guest.medium()).toBe('OLD DISK');
      await expect(machine.insertMedium('cd9', null)).rejects.toMatchObject({ code: 'input.invalid' });
    });

    it('plugs a network cable in and out while it runs', async () => {
      config = { ...config, nics: [testNic('nic0', 'ne2k')] };
      const { machine, guest } = await boot();
      for (const connected of [false, true, true, false]) await machine.setLink('nic0', connected);
      await expect(machine.setLink('nic1', true)).rejects.toMatchObject({ code: 'input.invalid' });
      expect(await guest.multiply(3, 3)).toBe(9);
    });

    describe.skipIf(!subject.hotPlugBus)('with devices that come and go', () => {
      const disk = { id: 'disk1', path: 'disks/disk1.qcow2', bus: subject.hotPlugBus ?? 'virtio' } as const;
      const nic = testNic('nic0', 'virtio');
      let image: string;
      beforeEach(async () => {
        image = join(folder, 'disk1.qcow2');
        await createQcow2(image, { virtualSize: 2 ** 20 });
      });

      it('goes on from a state that was saved after they were added', async () => {
        const { machine, guest } = await boot();
        const before = await guest.counter();
        await machine.hotPlug?.addDisk(disk, image);
        await machine.hotPlug?.addNic(nic, null);
        await machine.setLink('nic0', false);
        await machine.pause();
        config = { ...config, disks: [...config.disks, disk], nics: [nic] };
        const savedState = await save(machine);
        await machine.powerOff();

        paths = { ...paths, disks: { ...paths.disks, disk1: image }, ...subject.paths?.(config) };
        const again = await launch({ savedState });
        expect(await again.guest.counter()).toBeGreaterThanOrEqual(before);
        expect(again.terminal.text).not.toContain('ready');
      });

      it('keeps a device that the guest does not let go, and says so', async () => {
        const { machine, guest } = await boot();
        await machine.hotPlug?.addDisk(disk, image);
        await machine.hotPlug?.addNic(nic, null);
        // This guest knows nothing of such requests.
        for (let twice = 0; twice < 2; twice++) {
          await expect(machine.hotPlug?.removeDisk('disk1')).rejects.toMatchObject({ code: 'timeout' });
        }
        await expect(machine.hotPlug?.removeNic('nic0')).rejects.toMatchObject({ code: 'timeout' });
        expect(await guest.addOnDisk()).toBe(1);
        await machine.setLink('nic0', true);
        const waiting = expect(machine.hotPlug?.removeDisk('disk1')).rejects.toMatchObject({
          code: 'cancelled',
        });
        machine.hotPlug?.giveUp();
        await waiting;
        await machine.pause();
        config = { ...config, disks: [...config.disks, disk], nics: [nic] };
        const savedState = await save(machine);
        await machine.powerOff();
        paths = { ...paths, disks: { ...paths.disks, disk1: image }, ...subject.paths?.(config) };
        const again = await launch({ savedState });
        expect(await again.guest.numberOnDisk()).toBe(1);
      });

      it('refuses what cannot be added or is not there, and changes nothing', async () => {
        const { machine, guest } = await boot();
        const { hotPlug } = machine;
        await expect(hotPlug?.addDisk(disk, join(folder, 'missing.qcow2'))).rejects.toMatchObject({
          code: 'file.not-found',
        });
        await writeFile(join(folder, 'text.qcow2'), 'this is no image');
        await expect(hotPlug?.addDisk(disk, join(folder, 'text.qcow2'))).rejects.toBeInstanceOf(Failure);
        await expect(hotPlug?.addDisk({ ...disk, id: 'disk0' }, image)).rejects.toMatchObject({
          code: 'input.invalid',
        });
        await expect(hotPlug?.addDisk({ ...disk, bus: 'ide' }, image)).rejects.toMatchObject({
          code: 'engine.unsupported',
        });
        await expect(hotPlug?.removeDisk('disk5')).rejects.toMatchObject({ code: 'input.invalid' });
        await expect(hotPlug?.removeNic('nic0')).rejects.toMatchObject({ code: 'input.invalid' });
        await hotPlug?.addDisk(disk, image);
        expect(await guest.multiply(4, 5)).toBe(20);
      });
    });

    it('refuses what it cannot do before anything is touched', () => {
      const otherArchitecture = config.architecture === 'x86_64' ? 'aarch64' : 'x86_64';
      expect(() => engine.plan({ ...config, architecture: otherArchitecture }, paths)).toThrow(Failure);
      expect(() => engine.plan({ ...config, cpus: subject.tooManyCpus ?? 4 }, paths)).toThrow(/processor/);
    });

    it('says which file is missing when it cannot start', async () => {
      await unlink(join(folder, 'disk0.img'));
      await expect(launch()).rejects.toMatchObject({ code: 'file.not-found' });
      if (subject.ownFirmware === false) return;
      await expect(launch({ bios: join(folder, 'nothing') })).rejects.toMatchObject({
        code: 'file.not-found',
      });
    });

    it.skipIf(subject.faultyImages === false)(
      'pauses when the disk of the host is full, and loses nothing when it goes on',
      async () => {
        const { machine, guest, recorded } = await boot();
        expect(await guest.addOnDisk()).toBe(1);
        images.writeFault = diskFull();
        const added = guest.addOnDisk();
        const problem = await within(recorded.problem, 'the pause');
        expect(problem.code).toBe('file.no-space');

        // It goes on only when it really can.
        await expect(machine.resume()).rejects.toMatchObject({ code: 'file.no-space' });
        await expect(machine.pause()).rejects.toMatchObject({ code: 'file.no-space' });
        images.writeFault = undefined;
        await machine.resume();
        expect(await added).toBe(2);
        expect(await guest.numberOnDisk()).toBe(2);
        await machine.powerOff();
        expect(recorded.failures).toEqual([]);
        const again = await boot();
        expect(await again.guest.numberOnDisk()).toBe(2);
      },
    );

    it.skipIf(subject.faultyImages === false)('can be powered off while the host is in trouble', async () => {
      const { machine, guest, recorded } = await boot();
      images.writeFault = diskFull();
      guest.addOnDisk().catch(() => {}); // its answer never comes
      await within(recorded.problem, 'the pause');
      images.writeFault = undefined;
      await within(machine.powerOff(), 'power-off');
      expect(images.open).toBe(0);
    });

    it('runs on when its image is deleted under it', async () => {
      const { guest } = await boot();
      await rm(join(folder, 'disk0.img'));
      expect(await guest.addOnDisk()).toBe(1);
      expect(await guest.numberOnDisk()).toBe(1);
    });

    it('shows pictures and text, and tells their size', async () => {
      const { machine, guest, recorded } = await boot();
      await guest.graphics();
      expect(machine.screenText()).toBeNull();
      const picture = await machine.capture();
      expect(picture.rgba.length).toBe(picture.width * picture.height * 4);
      expect(coloursOf(picture.rgba)).toBeGreaterThan(4);
      expect(recorded.screens.at(-1)).toEqual({ width: picture.width, height: picture.height, text: false });

      const { version } = picture;
      await guest.text();
      expect((await machine.capture()).version).toBeGreaterThan(version);
      if (subject.readsText === false) return;
      expect(machine.screenText()?.join('\n')).toContain(guest.textShown);
      expect(recorded.screens.at(-1)?.text).toBe(true);
    });

    it('serves the screen to viewers', async () => {
      const { machine, guest } = await boot();
      await guest.graphics();
      const { width, height } = await machine.capture();
      const [here, there] = streamPair();
      machine.connectGraphics(here);
      const viewer = new ModelClient(there);
      await viewer.connect();
      expect([viewer.width, viewer.height, viewer.name]).toEqual([
        width,
        height,
        subject.screenName ?? config.name,
      ]);
      viewer.request(false);
      await viewer.update();
      expect(coloursOf(viewer.pixels)).toBeGreaterThan(4);
      there.close();
      expect(await guest.multiply(4, 4)).toBe(16);
    });

    it('makes nothing for a viewer that does not read', async () => {
      const { machine, guest } = await boot();
      const [here, there] = streamPair();
      machine.connectGraphics(here);
      const viewer = new ModelClient(there);
      await viewer.connect();
      viewer.stalled = new Promise(() => {});
      for (let count = 0; count < 20; count++) {
        viewer.request(false);
        await (count % 2 ? guest.text() : guest.graphics());
      }
      const { width, height } = await machine.capture();
      expect(here.unsent).toBeLessThan(2 * 1024 * 1024 + width * height * 4);
      there.close();
    });

    it('measures itself', async () => {
      const { machine, guest } = await boot();
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
      const one = await boot();
      const disk = join(folder, 'second.img');
      await subject.writeDisk(disk);
      const two = await boot({ disks: { disk0: disk } });
      await one.guest.addOnDisk();
      expect(await two.guest.numberOnDisk()).toBe(0);
      await one.machine.powerOff();
      expect(await two.guest.multiply(7, 7)).toBe(49);
    });
  });
}
