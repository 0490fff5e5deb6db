import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import type { Accelerator, FlashFirmware, QemuLaunch } from '@shared/engine/qemu/launch';
import { newestType, platformFor, platformOfType } from '@shared/engine/qemu/platform';
import { processorFor } from '@shared/engine/qemu/processor';
import type { EngineStatus, HostReport } from '@shared/host/report';
import type { Architecture, MachineConfig } from '@shared/machine/config';
import { bootId } from '../../platform/file-lock';
import { findProgram } from '../../platform/program';
import { probeAccelerator, type ProbeResult } from './accelerator-probe';
import { type HostSize, qemuCapabilities } from './capabilities';
import { findEmulators, type FoundEmulator } from './find-emulators';
import { findUefi } from './firmware';
import { installHint } from './install-hint';
import { type EmulatorFacts, emulatorFacts, queryEmulator } from './query-emulator';
import { fileKey, Remembered } from './remembered';
import { z } from 'zod';

type Fact = HostReport['facts'][number];

export interface QemuHostOptions {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  /** As Node names it: `x64`, `arm64` … */
  hostArchitecture: string;
  size: HostSize;
  /** `resources/qemu`. */
  bundled: string;
  /** For what was found out about emulators and accelerators. */
  cacheFolder: string;
}

interface Emulator extends FoundEmulator {
  facts: EmulatorFacts;
}

/** Guests that a host's processors can run by themselves. */
const nativeGuests: Record<string, readonly Architecture[]> = {
  x64: ['x86_64', 'i386'],
  arm64: ['aarch64'],
};
const hardware: Partial<Record<NodeJS.Platform, Exclude<Accelerator, 'tcg'>>> = {
  linux: 'kvm',
  darwin: 'hvf',
  win32: 'whpx',
};

/** Architectures whose boards have no other firmware that starts a system from a disk. */
const needsUefi: readonly Architecture[] = ['aarch64', 'riscv64'];

const probeResult = z.object({ works: z.boolean(), tookMs: z.number(), reason: z.string().nullable() });

/** QEMU as it is on this computer now. Nothing is kept that a person may change while we run. */
export class QemuHost {
  readonly #facts: Remembered<EmulatorFacts>;
  readonly #probes: Remembered<ProbeResult>;
  /** Questions under way, so that two callers do not ask twice. */
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(private readonly options: QemuHostOptions) {
    this.#facts = new Remembered(join(options.cacheFolder, 'qemu-emulators.json'), emulatorFacts);
    this.#probes = new Remembered(join(options.cacheFolder, 'qemu-accelerators.json'), probeResult);
  }

  /** The engine for the wizard and the settings; why it cannot be used, and how to get it, when there is none. */
  async status(): Promise<EngineStatus> {
    const { emulators, problem } = await this.#emulators();
    const uefi = new Set<Architecture>();
    const secureBoot = new Set<Architecture>();
    const usable = new Map<Architecture, EmulatorFacts>();
    for (const [architecture, { facts, ownFolder }] of emulators) {
      const names = facts.machines.map(({ name }) => name);
      const board = platformFor({ architecture, firmware: 'uefi', guest: 'linux', disks: [] });
      const type = newestType(board, names);
      if (type === null) continue;
      const found = await findUefi(architecture, type, { dataFolder: ownFolder });
      if (found) uefi.add(architecture);
      if (await findUefi(architecture, type, { dataFolder: ownFolder, secureBoot: true })) {
        secureBoot.add(architecture);
      }
      if (found || !needsUefi.includes(architecture)) usable.set(architecture, facts);
    }
    const tpm = (await this.#tpmEmulator()) !== undefined;
    const capabilities = qemuCapabilities(usable, uefi, this.options.size, { secureBoot, tpm });
    if (usable.size > 0) return { capabilities, available: true, problem: null };
    const missing = new Failure('engine.not-found', 'QEMU is not installed on this computer.', {
      hint: await installHint(this.options.platform, this.options.env),
    });
    return { capabilities, available: false, problem: (problem ?? missing).toValue() };
  }

  /**
   * Everything that a machine's process needs to start QEMU.
   *
   * @throws Failure `engine.not-found`, `engine.unsupported`, `engine.failed`
   */
  async prepare(config: MachineConfig): Promise<QemuLaunch> {
    const { architecture } = config;
    const { emulators, problem } = await this.#emulators();
    const emulator = emulators.get(architecture);
    if (!emulator) {
      throw (
        problem ??
        new Failure('engine.not-found', `There is no QEMU for ${architecture} on this computer.`, {
          hint: await installHint(this.options.platform, this.options.env),
        })
      );
    }
    const { facts, path, ownFolder } = emulator;
    const machine = machineOf(config, facts);
    const platform = platformOfType(machine.name);
    if (!platform)
      throw new Failure('engine.unsupported', `QEMU’s machine ${machine.name} is not used here.`);
    const accelerator = await this.#accelerator(emulator, architecture);
    const hasMax = facts.processors.some((name) => name.startsWith('max-'));
    return {
      binary: path,
      version: facts.version,
      architecture,
      maxCpus: machine.maxCpus,
      dataFolder: ownFolder,
      machineType: machine.name,
      accelerator,
      ...processorFor(accelerator, platform, this.options.hostArchitecture, hasMax),
      devices: facts.devices,
      characterDevices: facts.characterDevices,
      sandbox: facts.sandbox,
      firmware: await this.#firmware(config, machine.name, ownFolder),
      tpmEmulator: config.tpm ? await this.#requireTpmEmulator() : undefined,
      nicSockets: {},
    };
  }

  /** Each emulator with its version, and which accelerators really work. */
  async facts(): Promise<Fact[]> {
    const { emulators, problem } = await this.#emulators();
    const facts: Fact[] = [];
    for (const [architecture, emulator] of emulators) {
      if (emulator.architecture !== architecture) continue; // shown under its own name
      const { path, facts: known } = emulator;
      const probe = await this.#probe(emulator, architecture);
      const name = hardware[this.options.platform]?.toUpperCase() ?? '';
      const detail = `${known.version} (${path})`;
      const id = `qemu-${architecture}`;
      const title = `QEMU for ${architecture}`;
      if (!probe) facts.push({ id, title, status: 'ok', detail: `${detail}, translating (TCG)` });
      else if (probe.works) facts.push({ id, title, status: 'ok', detail: `${detail}, ${name} works` });
      else {
        const hint = 'Machines run by translation (TCG), which is slower but always works.';
        const why = `${detail}; ${name} does not work: ${probe.reason ?? ''}`;
        facts.push({ id, title, status: 'warning', detail: why, hint });
      }
    }
    if (problem) {
      const { message: detail, hint } = problem;
      facts.push({ id: 'qemu-broken', title: 'QEMU', status: 'warning', detail, hint });
    }
    return facts;
  }

  /** By the architectures that they can run; `problem`: why one that is there cannot be used. */
  async #emulators(): Promise<{ emulators: Map<Architecture, Emulator>; problem: Failure | undefined }> {
    const { platform, env, bundled } = this.options;
    if (platform === 'win32') {
      // Everything between us and QEMU goes over unix sockets, which it does not open there.
      const problem = new Failure('engine.unsupported', 'Machines on QEMU do not run on Windows yet.', {
        hint: 'Use the embedded engine.',
      });
      return { emulators: new Map(), problem };
    }
    const found = await findEmulators({ platform, env, bundled, chosen: env['VIVARIUM_QEMU'] ?? null });
    const emulators = new Map<Architecture, Emulator>();
    let problem: Failure | undefined;
    await Promise.all(
      found.map(async (one) => {
        try {
          emulators.set(one.architecture, { ...one, facts: await this.#factsOf(one.path) });
        } catch (error) {
          problem =
            error instanceof Failure ? error : new Failure('engine.failed', toErrorValue(error).message);
        }
      }),
    );
    // A 64-bit PC runs 32-bit systems where there is no emulator of its own for them.
    const wide = emulators.get('x86_64');
    if (wide && !emulators.has('i386')) emulators.set('i386', wide);
    return { emulators, problem };
  }

  async #factsOf(path: string): Promise<EmulatorFacts> {
    const key = await fileKey(path);
    return this.#once(key, async () => {
      const known = await this.#facts.get(key);
      if (known) return known;
      const facts = await queryEmulator(path);
      await this.#facts.set(key, facts);
      return facts;
    });
  }

  async #accelerator(emulator: Emulator, architecture: Architecture): Promise<Accelerator> {
    const candidate = hardware[this.options.platform];
    return candidate && (await this.#probe(emulator, architecture))?.works ? candidate : 'tcg';
  }

  /** Undefined where there is nothing to try: another kind of processor, or not built in, or not there. */
  async #probe(emulator: Emulator, architecture: Architecture): Promise<ProbeResult | undefined> {
    const { platform, hostArchitecture } = this.options;
    const candidate = hardware[platform];
    const { path, facts } = emulator;
    if (!candidate || !facts.accelerators.includes(candidate)) return undefined;
    if (!nativeGuests[hostArchitecture]?.includes(architecture)) return undefined;
    if (candidate === 'kvm' && !(await canUseKvm())) {
      return { works: false, tookMs: 0, reason: '/dev/kvm is not there, or this user may not use it.' };
    }
    const names = facts.machines.map(({ name }) => name);
    const [old, modern, arm] = [
      newestType('pc-i440fx', names),
      newestType('pc-q35', names),
      newestType('virt', names),
    ];
    const type = old ?? modern ?? arm;
    if (type === null) return undefined;
    const key = [await bootId(), await fileKey(path), architecture, candidate, 'host'].join('|');
    return this.#once(key, async () => {
      const known = await this.#probes.get(key);
      if (known) return known;
      const result = await probeAccelerator(path, architecture, type, candidate, 'host');
      await this.#probes.set(key, result);
      return result;
    });
  }

  async #firmware(
    { architecture, firmware, secureBoot = false }: MachineConfig,
    machineType: string,
    dataFolder: string | null,
  ): Promise<FlashFirmware | null> {
    if (firmware !== 'uefi' && !needsUefi.includes(architecture)) return null;
    const found = await findUefi(architecture, machineType, { dataFolder, secureBoot });
    if (found) return found;
    if (secureBoot) {
      throw new Failure(
        'engine.unsupported',
        `There is no Secure Boot for ${architecture} on this computer.`,
        {
          hint: 'Install UEFI firmware with enrolled keys: on Debian and Ubuntu, ovmf; elsewhere edk2-ovmf.',
        },
      );
    }
    throw new Failure(
      'engine.unsupported',
      `There is no UEFI firmware for ${architecture} on this computer.`,
      {
        hint: 'Install it: on Debian and Ubuntu, ovmf or qemu-efi-aarch64; elsewhere edk2-ovmf or edk2-aarch64.',
      },
    );
  }

  /** The program that is a TPM; undefined without one. */
  #tpmEmulator(): Promise<string | undefined> {
    return findProgram('swtpm', this.options.env);
  }

  async #requireTpmEmulator(): Promise<string> {
    const path = await this.#tpmEmulator();
    if (path !== undefined) return path;
    throw new Failure(
      'engine.unsupported',
      'This machine has a TPM, and there is no swtpm on this computer.',
      {
        hint: 'Install swtpm, or switch the TPM off.',
      },
    );
  }

  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const asking = this.#asking.get(key) as Promise<T> | undefined;
    if (asking) return asking;
    const asked = ask().finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }
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
  throw new Failure(
    'engine.unsupported',
    `QEMU ${version} does not know the hardware version ${wanted ?? platform} of this machine.`,
    { hint: 'Install a QEMU that is at least as new as the one that the machine was made with.' },
  );
}

async function canUseKvm(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
