import { Failure } from '@shared/errors';
import type { FlashFirmware, QemuLaunch } from '@shared/engine/qemu/launch';
import { hasStreamCables } from '@shared/engine/qemu/cables';
import { newestType, platformFor, platformOfType } from '@shared/engine/qemu/platform';
import { processorFor } from '@shared/engine/qemu/processor';
import type { EngineStatus, FoundQemu } from '@shared/host/report';
import type { Architecture, MachineConfig } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import { findProgram } from '../../platform/program';
import { type Fact, makeFact } from '../fact';
import { chooseAudio, soundHost } from './audio';
import { Accelerators } from './accelerators';
import { type HostSize, qemuCapabilities } from './capabilities';
import { type Emulator, Emulators, type EmulatorSources } from './emulators';
import { findBootLoader, findUefi } from './firmware';
import { installHint } from './install-hint';
import type { EmulatorFacts } from './query-emulator';

export interface QemuHostOptions extends EmulatorSources {
  /** As Node names it: `x64`, `arm64` … */
  hostArchitecture: string;
  size: HostSize;
}

/** Architectures whose boards have no other firmware that starts a system from a disk. */
const needsUefi: readonly Architecture[] = ['aarch64', 'riscv64'];

/** How it is told where an emulator was found. */
const placePhrases = {
  environment: 'qemu.atEnvironment',
  chosen: 'qemu.atChosen',
  path: 'qemu.atPath',
  usual: 'qemu.atUsual',
  bundled: 'qemu.atBundled',
} as const;

/** QEMU as it is on this computer now. Nothing is kept that a person may change while we run. */
export class QemuHost {
  readonly #emulators: Emulators;
  readonly #accelerators: Accelerators;

  constructor(private readonly options: QemuHostOptions) {
    const { platform, hostArchitecture, cacheFolder } = options;
    this.#emulators = new Emulators(options);
    this.#accelerators = new Accelerators(platform, hostArchitecture, cacheFolder);
  }

  /** The engine for the wizard and the settings; why it cannot be used, and how to get it, when there is none. */
  async status(): Promise<EngineStatus> {
    const { emulators, problems } = await this.#emulators.find();
    const uefi = new Set<Architecture>();
    const secureBoot = new Set<Architecture>();
    const usable = new Map<Architecture, EmulatorFacts>();
    // At once: every start of a machine waits for this.
    const firmware = await Promise.all(
      [...emulators].map(([architecture, one]) => firmwareFor(architecture, one)),
    );
    for (const found of firmware) {
      if (!found) continue;
      const { architecture, facts } = found;
      if (found.uefi) uefi.add(architecture);
      if (found.secureBoot) secureBoot.add(architecture);
      if (found.uefi || !needsUefi.includes(architecture)) usable.set(architecture, facts);
    }
    const tpm = (await this.#tpmEmulator()) !== undefined;
    const capabilities = {
      ...qemuCapabilities(usable, uefi, this.options.size, { secureBoot, tpm }),
      // Memory leaves QEMU by a unix socket.
      saveState: this.options.platform !== 'win32',
    };
    if (usable.size > 0) return { capabilities, available: true, problem: null };
    const missing = new Failure('engine.not-found', phrase('qemu.notInstalled'), {
      hint: await installHint(this.options.platform, this.options.env),
    });
    return { capabilities, available: false, problem: (first(problems) ?? missing).toValue() };
  }

  /**
   * Everything that a machine's process needs to start QEMU.
   *
   * @throws Failure `engine.not-found`, `engine.unsupported`, `engine.failed`
   */
  async prepare(config: MachineConfig): Promise<QemuLaunch> {
    const { architecture } = config;
    const { emulators, problems } = await this.#emulators.find();
    const emulator = emulators.get(architecture);
    if (!emulator) {
      throw (
        problems.get(architecture) ??
        new Failure('engine.not-found', phrase('qemu.noEmulator', { architecture }), {
          hint: await installHint(this.options.platform, this.options.env, architecture),
        })
      );
    }
    const { facts, path, ownFolder } = emulator;
    const machine = machineOf(config, facts);
    const platform = platformOfType(machine.name);
    if (!platform) throw new Failure('engine.unsupported', phrase('qemu.board', { type: machine.name }));
    const chosen = chosenModel(config, facts);
    const accelerator = await this.#accelerators.choose(emulator, architecture, chosen);
    const hasMax = facts.processors.some((name) => name.startsWith('max-'));
    const firmware = await this.#firmware(config, machine.name, ownFolder);
    return {
      binary: path,
      version: facts.version,
      architecture,
      maxCpus: machine.maxCpus,
      dataFolder: ownFolder,
      machineType: machine.name,
      accelerator,
      ...processorFor(accelerator, platform, this.options.hostArchitecture, hasMax, chosen),
      devices: facts.devices,
      characterDevices: facts.characterDevices,
      sandbox: facts.sandbox,
      firmware,
      bootLoader: firmware ? undefined : await findBootLoader(architecture),
      tpmEmulator: config.tpm ? await this.#requireTpmEmulator() : undefined,
      audio: config.sound
        ? await chooseAudio(facts.audioDrivers, soundHost(this.options.platform, this.options.env))
        : undefined,
      nicSockets: {},
    };
  }

  /**
   * A QEMU that joins networks with devices of this computer; which emulator it is does not matter.
   *
   * @throws Failure `engine.not-found`, `engine.unsupported`
   */
  async relayProgram(): Promise<string> {
    const { emulators, problems } = await this.#emulators.find();
    const all = [...emulators.values()];
    const able = all.find(({ facts }) => hasStreamCables(facts.version));
    if (able) return able.path;
    if (all[0]) {
      throw new Failure(
        'engine.unsupported',
        phrase('network.uplinkOld', { version: all[0].facts.version }),
        {
          hint: phrase('network.uplinkOldHint'),
        },
      );
    }
    throw (
      first(problems) ??
      new Failure('engine.not-found', phrase('qemu.notInstalled'), {
        hint: await installHint(this.options.platform, this.options.env),
      })
    );
  }

  /** Each emulator with its version and where it was found, and which accelerators really work. */
  async facts(): Promise<Fact[]> {
    const { platform, env } = this.options;
    const { emulators, problems } = await this.#emulators.find();
    const problem = first(problems);
    const facts: Fact[] = [];
    for (const [architecture, emulator] of emulators) {
      if (emulator.architecture !== architecture) continue; // shown under its own name
      facts.push(await this.#factOf(emulator));
    }
    if (problem) {
      const value = problem.toValue();
      facts.push({
        ...makeFact('qemu-broken', 'warning', {
          title: phrase('qemu.broken'),
          detail: value.message,
          hint: value.hint,
        }),
        phrases: {
          title: phrase('qemu.broken').ref,
          detail: value.phrases?.message,
          hint: value.phrases?.hint,
        },
      });
    } else if (emulators.size === 0) {
      const detail = phrase('qemu.notNeeded');
      facts.push(
        makeFact('qemu', 'missing', { title: 'QEMU', detail, hint: await installHint(platform, env) }),
      );
    }
    return facts;
  }

  async #factOf(emulator: Emulator): Promise<Fact> {
    const { architecture, path, place, facts } = emulator;
    const id = `qemu-${architecture}`;
    const title = phrase('qemu.title', { architecture });
    const where = phrase(placePhrases[place], { version: facts.version, path });
    const probe = await this.#accelerators.probe(emulator, architecture);
    const accelerator = this.#accelerators.candidate?.toUpperCase() ?? '';
    if (!probe) return makeFact(id, 'ok', { title, detail: phrase('qemu.translating', { where }) });
    if (probe.works) {
      return makeFact(id, 'ok', { title, detail: phrase('qemu.accelerated', { where, accelerator }) });
    }
    const detail = phrase('qemu.slow', { where, accelerator, reason: probe.reason ?? '' });
    return makeFact(id, 'warning', { title, detail, hint: phrase('qemu.slowHint') });
  }

  /** What a folder has of QEMU. @throws Failure `engine.not-found` when there is none in it */
  checkFolder(path: string): Promise<FoundQemu[]> {
    return this.#emulators.check(path);
  }

  async #firmware(
    { architecture, firmware, secureBoot = false }: MachineConfig,
    machineType: string,
    dataFolder: string | null,
  ): Promise<FlashFirmware | null> {
    if (firmware !== 'uefi' && !needsUefi.includes(architecture)) return null;
    const found = await findUefi(architecture, machineType, { dataFolder, secureBoot });
    if (found) return found;
    if (!secureBoot && (await findBootLoader(architecture)) !== undefined) return null;
    const missing = secureBoot ? 'secureBoot' : 'uefi';
    throw new Failure('engine.unsupported', phrase(`qemu.${missing}`, { architecture }), {
      hint: phrase(`qemu.${missing}Hint`),
    });
  }

  /** The program that is a TPM; undefined without one. */
  #tpmEmulator(): Promise<string | undefined> {
    return findProgram('swtpm', this.options.env);
  }

  async #requireTpmEmulator(): Promise<string> {
    const path = await this.#tpmEmulator();
    if (path !== undefined) return path;
    throw new Failure('engine.unsupported', phrase('qemu.tpm'), { hint: phrase('qemu.tpmHint') });
  }
}

function first<T>(map: ReadonlyMap<unknown, T>): T | undefined {
  return [...map.values()][0];
}

/** Which firmware there is for an architecture's newest board; undefined when the emulator has no such board. */
async function firmwareFor(architecture: Architecture, { facts, ownFolder }: Emulator) {
  const names = facts.machines.map(({ name }) => name);
  const board = platformFor({ architecture, firmware: 'uefi', guest: 'linux', disks: [] });
  const type = newestType(board, names);
  if (type === null) return undefined;
  const [plain, loader, secure] = await Promise.all([
    findUefi(architecture, type, { dataFolder: ownFolder }),
    findBootLoader(architecture),
    findUefi(architecture, type, { dataFolder: ownFolder, secureBoot: true }),
  ]);
  return { architecture, facts, uefi: Boolean(plain ?? loader), secureBoot: Boolean(secure) };
}

/** The processor model that a person has chosen. @throws Failure `engine.unsupported` when it is not known here */
function chosenModel(
  { cpuModel = 'auto' }: MachineConfig,
  { cpuModels, version }: EmulatorFacts,
): string | null {
  if (cpuModel === 'auto') return null;
  if (cpuModels.includes(cpuModel)) return cpuModel;
  throw new Failure('engine.unsupported', phrase('qemuTalk.processor', { version, model: cpuModel }), {
    hint: phrase('qemuTalk.processorHint'),
  });
}

/** The board of a machine: the one that it was created with, or the newest of its kind. */
function machineOf(
  config: MachineConfig,
  { machines, version }: EmulatorFacts,
): { name: string; maxCpus: number } {
  const names = machines.map(({ name }) => name);
  const platform = platformFor(config);
  const wanted = config.machineType ?? newestType(platform, names);
  const machine = machines.find(({ name }) => name === wanted);
  if (machine) return machine;
  throw new Failure('engine.unsupported', phrase('qemu.machineType', { version, type: wanted ?? platform }), {
    hint: phrase('qemu.machineTypeHint'),
  });
}
