import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Buffer } from 'node:buffer';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { changeEngine } from '@shared/engine/change-engine';
import { Failure, toFailure } from '@shared/errors';
import {
  machineConfig,
  type MachineConfig,
  type MachineSettings,
  type MachineSpec,
} from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import { normalizeName } from '@shared/machine/name';
import { smallestTargetMiB } from '@shared/machine/memory-target';
import { hasProcess } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { lockMachine } from '../platform/machine-lock';
import { socketAddress } from '../platform/paths';
import { checkConfig, checkMachineType } from './check-config';
import { type MachinesContext, requireConfig, requireEngine, requireState } from './context';
import { checkName, createMachineFolder, planMachine, withMachineType } from './create';
import { deleteFolder } from './delete';
import { writeConfig } from './folder';
import { checkMedium } from './launch-paths';
import { layoutOf } from './layout';
import type { Library } from './library';
import type { Machine } from './machine';
import type { Power } from './power';
import { readSavedScreen, removeSavedState } from './saved-state';

/** Lines of a machine's log that are shown. */
const shownLogLines = 500;
/** How long a process may take for what should be immediate, in milliseconds. */
const promptMs = 10_000;

/** The configuration on another engine. @throws Failure why that does not go */
function moved(config: MachineConfig, engine: EngineCapabilities): MachineConfig {
  const { config: changed, refusals } = changeEngine(config, engine);
  if (refusals[0]) throw toFailure(refusals[0]);
  return changed;
}

/** The commands on machines, as a person gives them. */
export class MachineService {
  /** Names and addresses of machines that are being made. */
  private readonly planned = new Set<MachineConfig>();

  constructor(
    readonly machinesFolder: string,
    readonly library: Library,
    readonly power: Power,
    private readonly context: MachinesContext,
  ) {}

  list(): MachineSummary[] {
    return this.library.all().map((machine) => machine.summary());
  }

  get(id: string): MachineSummary {
    return this.library.get(id).summary();
  }

  /** The configurations of all machines that can be read. */
  configs(): MachineConfig[] {
    return this.library.all().flatMap(({ config }) => config ?? []);
  }

  running(): Machine[] {
    return this.library.all().filter(({ state }) => hasProcess(state));
  }

  async rescan(): Promise<MachineSummary[]> {
    await this.library.scan();
    return this.list();
  }

  async open(path: string): Promise<MachineSummary> {
    return (await this.library.open(path)).summary();
  }

  /** Starts the job that makes a machine. What can be refused is refused before there is a job. */
  async create(spec: MachineSpec): Promise<{ jobId: string }> {
    const capabilities = await requireEngine(this.context, spec.engine);
    const config = planMachine(spec, capabilities, this.taken());
    // From here on until it is in the library, nobody else may take its name.
    this.planned.add(config);
    const description = {
      kind: 'create',
      subject: config.id,
      title: config.name,
      unit: spec.disk.kind === 'copy' ? 'bytes' : 'steps',
      cancellable: true,
    } as const;
    return this.context.jobs.start(description, async (control) => {
      try {
        const { processHost } = this.context;
        const folder = await createMachineFolder(this.machinesFolder, config, spec, processHost, control);
        await this.library.created(folder);
        return { id: config.id };
      } finally {
        this.planned.delete(config);
      }
    });
  }

  rename(id: string, name: string): Promise<MachineSummary> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'rename');
      const { names } = this.taken(machine);
      checkName(name, names);
      await this.rewrite(machine, (config) => ({ ...config, name: normalizeName(name) }));
      return machine.summary();
    });
  }

  configure(id: string, settings: MachineSettings): Promise<MachineSummary> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'configure');
      await this.library.reread(machine);
      const before = requireConfig(machine);
      const given = Object.entries(settings).filter(([, value]) => value !== undefined);
      const asked = machineConfig.parse({ ...before, ...Object.fromEntries(given) });
      const engine = await requireEngine(this.context, asked.engine);
      const wanted = asked.engine === before.engine ? asked : moved(asked, engine);
      if (settings.machineType !== undefined) checkMachineType(wanted, engine);
      checkConfig(wanted, engine);
      await this.rewrite(machine, () => withMachineType(wanted, engine));
      return machine.summary();
    });
  }

  delete(id: string, how: 'trash' | 'erase' | 'forget'): Promise<void> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'delete');
      if (how !== 'forget') {
        requireConfig(machine);
        const { shell, log } = this.context;
        await machine.log.flush();
        await deleteFolder(machine.folder, machine.id, how, shell, log);
      }
      await this.library.remove(machine, how === 'forget');
    });
  }

  discardSavedState(id: string): Promise<MachineSummary> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'discardSavedState');
      await this.locked(machine, () => removeSavedState(machine.folder));
      machine.apply('discard');
      machine.savedAt = null;
      machine.runProblem = null;
      this.library.changed(machine);
      return machine.summary();
    });
  }

  async powerButton(id: string): Promise<void> {
    const machine = this.library.get(id);
    requireState(machine, 'powerButton');
    const heard = await this.power.processOf(machine).call('powerButton', {}, promptMs);
    if (heard) return;
    throw new Failure('engine.unsupported', phrase('engine.powerButton', { name: machine.name }), {
      hint: phrase('engine.powerButtonHint'),
    });
  }

  insertMedium(id: string, drive: string, path: string | null): Promise<MachineSummary> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'insertMedium');
      const config = requireConfig(machine);
      if (!config.drives.some((candidate) => candidate.id === drive)) {
        throw new Failure('input.invalid', phrase('machine.noDriveOf', { name: machine.name, drive }));
      }
      if (path !== null) await checkMedium(path);
      requireState(machine, 'insertMedium');
      if (machine.runner) await machine.runner.call('insertMedium', { drive, path });
      await this.rewrite(machine, (old) => ({
        ...old,
        drives: old.drives.map((entry) => (entry.id === drive ? { ...entry, path } : entry)),
      }));
      return machine.summary();
    });
  }

  /** The machine's own memory, or more than that, is no target. */
  setMemoryTarget(id: string, memoryMiB: number): Promise<MachineSummary> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'memoryTarget');
      const all = requireConfig(machine).memoryMiB;
      const wanted = Math.min(Math.max(memoryMiB, smallestTargetMiB(all)), all);
      await this.power.processOf(machine).call('memoryTarget', { memoryMiB: wanted }, promptMs);
      await this.rewrite(machine, ({ memoryTargetMiB: _, ...config }) =>
        wanted < all ? { ...config, memoryTargetMiB: wanted } : config,
      );
      return machine.summary();
    });
  }

  async sendKeys(id: string, keys: string[]): Promise<void> {
    const machine = this.library.get(id);
    requireState(machine, 'sendKeys');
    await this.power.processOf(machine).call('sendKeys', { keys }, promptMs);
  }

  async typeText(id: string, text: string): Promise<void> {
    const machine = this.library.get(id);
    requireState(machine, 'sendKeys');
    await this.power.processOf(machine).call('typeText', { text }, promptMs);
  }

  /** Runs a program in the guest of a running machine. */
  async exec(id: string, request: ExecRequest): Promise<ExecResult> {
    const machine = this.library.get(id);
    requireState(machine, 'sendKeys');
    return this.power.processOf(machine).call('exec', request);
  }

  /** Opens a private socket at which one program of this user finds a serial port of a running machine. */
  async serialSocket(id: string, port: number): Promise<{ address: string }> {
    const address = await socketAddress(`serial ${randomUUID()}`);
    await this.power.processOf(this.library.get(id)).call('offerSerial', { port, address }, promptMs);
    return { address };
  }

  screenshot(id: string): Promise<{ path: string; png: string }> {
    const machine = this.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'screenshot');
      const { screenshots } = layoutOf(machine.folder);
      await mkdir(screenshots, { mode: 0o700 }).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
      });
      const path = join(screenshots, `${new Date().toISOString().replace(/[:.]/g, '-')}.png`);
      await this.power.processOf(machine).call('screenshot', { path }, promptMs);
      return { path, png: (await readFile(path)).toString('base64') };
    });
  }

  async savedScreen(id: string): Promise<string | null> {
    const png = await readSavedScreen(this.library.get(id).folder);
    return png && Buffer.from(png).toString('base64');
  }

  lastLogLines(id: string): Promise<string[]> {
    return this.library.get(id).log.tail(shownLogLines);
  }

  /** Images in the drives of machines, those that are being made among them. */
  usedImages(): string[] {
    const configs = [...this.library.all().map(({ config }) => config), ...this.planned];
    return configs.flatMap((config) => config?.drives.flatMap(({ path }) => path ?? []) ?? []);
  }

  /** Keeps the name and the addresses of a machine that is being made free for it, until the returned function is called. */
  reserve(config: MachineConfig): () => void {
    this.planned.add(config);
    return () => void this.planned.delete(config);
  }

  /** What a new machine must not collide with. @param except a machine that does not count */
  taken(except?: Machine): { names: string[]; macs: Set<string> } {
    const configs = [...this.library.all().map(({ config }) => config), ...this.planned];
    return {
      names: [...this.library.names(except), ...[...this.planned].map(({ name }) => name)],
      macs: new Set(configs.flatMap((config) => config?.nics.map(({ mac }) => mac) ?? [])),
    };
  }

  /** Changes `machine.json`, starting from what stands in it now. */
  async rewrite(machine: Machine, change: (config: MachineConfig) => MachineConfig): Promise<void> {
    const write = async (): Promise<void> => {
      if (!machine.runner) await this.library.reread(machine);
      const config = change(requireConfig(machine));
      await writeConfig(machine.folder, config);
      machine.config = config;
      machine.name = config.name;
      this.library.changed(machine);
    };
    // While it runs, its process holds the lock for us.
    await (machine.runner ? write() : this.locked(machine, write));
  }

  /** Keeps every other program from starting the machine while its folder is changed. */
  async locked(machine: Machine, task: () => Promise<void>): Promise<void> {
    this.context.busy?.refuse(machine);
    const lock = await lockMachine(machine.folder, (line) => machine.note(line));
    if (!lock) {
      throw new Failure('machine.locked', phrase('problem.lockedMachine', { name: machine.name }), {
        hint: phrase('problem.lockedMachineHint'),
      });
    }
    try {
      if (lock.ended > 0) {
        const { text, ref } = phrase('qemu.oldEnded', { name: machine.name });
        this.context.emit({ name: 'machine.notice', value: { id: machine.id, notice: { text, ref } } });
      }
      await task();
    } finally {
      await lock.release();
    }
  }
}
