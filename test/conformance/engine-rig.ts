import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { DiskConfig, MachineConfig } from '@shared/machine/config';
import { hardwareDigest } from '../../src/main/disks/saved-state/hardware-digest';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import type { Engine, EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import type { ImageOpener } from '../../src/main/processes/machine/images';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { FaultyImages } from '../helpers/faulty-images';
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

export interface Recorded {
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

/** Rejects when `what` takes longer than `limitMs`. */
export function within<T>(promise: Promise<T>, what: string, limitMs = 60_000): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${limitMs} ms`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

interface Started {
  machine: RunningMachine;
  terminal: Terminal;
  guest: Guest;
  recorded: Recorded;
}

/** A new folder with the disk of `subject` for each test, and machines on it, which end with the test. */
export class EngineRig {
  folder = '';
  images!: FaultyImages;
  engine!: Engine;
  config!: MachineConfig;
  paths!: LaunchPaths;
  private readonly running: RunningMachine[] = [];

  /** Inside a `describe`. */
  constructor(private readonly subject: Subject) {
    let remove: () => Promise<void>;
    beforeEach(async () => {
      ({ path: this.folder, remove } = await temporaryFolder('conformance'));
      this.images = new FaultyImages();
      this.engine = subject.create(this.images);
      this.config = testConfig({
        disks: [{ id: 'disk0', path: 'disks/disk0.img', bus: 'ide' }],
        ...subject.config,
      });
      const disk = join(this.folder, 'disk0.img');
      await subject.writeDisk(disk);
      this.paths = testPaths(this.folder, { disks: { disk0: disk }, ...subject.paths?.(this.config) });
    });
    afterEach(async () => {
      for (const machine of this.running.splice(0)) await machine.powerOff();
      expect(this.images.open).toBe(0);
      await remove();
    });
  }

  async launch(changes: Partial<LaunchPaths> = {}, recorded = record()): Promise<Started> {
    const plan = this.engine.plan(this.config, { ...this.paths, ...changes });
    const machine = await this.engine.launch(plan, recorded.events);
    this.running.push(machine);
    const [here, there] = streamPair();
    const terminal = new Terminal(there);
    machine.connectSerial(0, here);
    return { machine, terminal, guest: this.subject.guest(terminal), recorded };
  }

  /** Launches, and waits for the guest. */
  async boot(changes: Partial<LaunchPaths> = {}): Promise<Started> {
    const started = await this.launch(changes);
    await started.guest.ready();
    return started;
  }

  /** Saves the state of a paused machine; gives the file. */
  async save(machine: RunningMachine): Promise<string> {
    const path = join(this.folder, 'state.viv');
    const writer = await SavedStateWriter.create(path, {
      engine: this.engine.id,
      engineVersion: this.subject.version,
      hardwareDigest: hardwareDigest(this.config),
    });
    await machine.saveState(writer);
    await writer.finish();
    return path;
  }
}
