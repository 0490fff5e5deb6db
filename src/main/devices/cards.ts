import { Failure, toErrorValue } from '@shared/errors';
import type { MachineConfig, NicConfig } from '@shared/machine/config';
import {
  freeDeviceId,
  macProblem,
  type NewNic,
  type NicChange,
  nicHotPlugRefusal,
  withDrive,
  withNic,
  withoutDevice,
} from '@shared/machine/devices';
import type { MachineSummary } from '@shared/machine/summary';
import { phrase } from '@shared/phrases/phrase';
import { checkConfig } from '../machines/check-config';
import { type MachinesContext, requireConfig, requireEngine, requireState } from '../machines/context';
import { newMac } from '../machines/identity';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { refuseHotPlug, requireDevice, standsStill, tooMany } from './refusals';

/** Network cards and drives of machines: what has no files of its own. */
export class CardService {
  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
  ) {}

  /** @throws Failure `engine.unsupported`, `input.invalid`, `network.not-found`, `machine.*` */
  addNic(id: string, wanted: NewNic): Promise<MachineSummary> {
    return this.change(id, async (machine, config) => {
      const nicId = freeDeviceId(config, 'nic');
      if (nicId === undefined) throw tooMany();
      const { macs } = this.machines.taken();
      const { model, network } = wanted;
      const mac = (wanted.mac ?? newMac(macs)).toLowerCase();
      const nic: NicConfig = { id: nicId, model, mac, connected: true, network };
      this.checkNic(nic);
      const after = withNic(config, nic);
      const engine = await requireEngine(this.context, config.engine);
      checkConfig(after, engine);
      if (machine.runner) {
        refuseHotPlug(machine, nicHotPlugRefusal(config, engine, model));
        const sockets = await this.socketsOf(machine, after);
        const { runner } = machine;
        await runner.call('addNic', { config: after, nic: nicId, socket: sockets[nicId] ?? null });
        await this.write(machine, after, () => runner.call('removeNic', { config, nic: nicId }));
        this.context.networks?.plug(after, sockets);
      } else {
        await this.write(machine, after);
      }
      machine.note(`added ${nicId} (${model})`);
    });
  }

  /** @throws Failure `timeout` when the guest does not let it go, `engine.unsupported`, `machine.*` */
  removeNic(id: string, nicId: string): Promise<MachineSummary> {
    return this.change(id, async (machine, config) => {
      const nic = requireDevice(machine, config.nics, nicId);
      const after = withoutDevice(config, nicId);
      const { runner } = machine;
      if (runner) {
        const engine = await requireEngine(this.context, config.engine);
        refuseHotPlug(machine, nicHotPlugRefusal(config, engine, nic.model));
        if (machine.state === 'paused') throw standsStill(machine);
        const sockets = await this.socketsOf(machine, config);
        await runner.call('removeNic', { config: after, nic: nicId });
        await this.write(machine, after, () =>
          runner.call('addNic', { config, nic: nicId, socket: sockets[nicId] ?? null }),
        );
        this.context.networks?.plug(after, sockets);
      } else {
        await this.write(machine, after);
      }
      machine.note(`removed ${nicId}`);
    });
  }

  /** Network and cable at any time; model and address of a machine that is off. @throws Failure as `addNic` */
  changeNic(id: string, nicId: string, wanted: NicChange): Promise<MachineSummary> {
    return this.change(id, async (machine, config) => {
      const before = requireDevice(machine, config.nics, nicId);
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
      const nic: NicConfig = { ...before, ...given, mac: (wanted.mac ?? before.mac).toLowerCase() };
      this.checkNic(nic, before);
      const after = withNic(config, nic);
      const { runner } = machine;
      if (!runner) {
        checkConfig(after, await requireEngine(this.context, config.engine));
        await this.write(machine, after);
        return;
      }
      if (nic.model !== before.model || nic.mac !== before.mac) requireState(machine, 'configure');
      if (nic.connected !== before.connected) {
        await runner.call('setLink', { nic: nicId, connected: nic.connected });
      }
      await this.write(machine, after, () =>
        runner.call('setLink', { nic: nicId, connected: before.connected }),
      );
      // The cable stays in the card; its other end goes to another switch.
      this.context.networks?.plug(after, await this.socketsOf(machine, after));
      if (nic.network !== before.network) machine.note(`${nicId} is on ${nic.network ?? 'no network'}`);
    });
  }

  /** A drive without anything in it, for a machine that is off. */
  addDrive(id: string, kind: 'cdrom' | 'floppy'): Promise<MachineSummary> {
    return this.change(id, async (machine, config) => {
      requireState(machine, 'configure');
      const driveId = freeDeviceId(config, kind === 'cdrom' ? 'cd' : 'floppy');
      if (driveId === undefined) throw tooMany();
      const after = withDrive(config, { id: driveId, kind, path: null });
      checkConfig(after, await requireEngine(this.context, config.engine));
      await this.write(machine, after);
    });
  }

  removeDrive(id: string, drive: string): Promise<MachineSummary> {
    return this.change(id, async (machine, config) => {
      requireState(machine, 'configure');
      requireDevice(machine, config.drives, drive);
      await this.write(machine, withoutDevice(config, drive));
    });
  }

  /** The guest has let a network card go by itself. Never rejects. */
  async letGo(machine: Machine, nicId: string): Promise<void> {
    try {
      await this.change(machine.id, async (_machine, config) => {
        const after = withoutDevice(config, nicId);
        await this.write(machine, after);
        if (machine.runner) this.context.networks?.plug(after, await this.socketsOf(machine, after));
        machine.note(`the guest has let ${nicId} go`);
      });
    } catch (error) {
      this.context.log.warn(`“${machine.name}”: ${nicId} stays in its configuration`, error);
    }
  }

  private change(
    id: string,
    task: (machine: Machine, config: MachineConfig) => Promise<void>,
  ): Promise<MachineSummary> {
    const machine = this.machines.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'changeDevices');
      if (!machine.runner) await this.machines.library.reread(machine);
      await task(machine, requireConfig(machine));
      return machine.summary();
    });
  }

  /** @param undo takes back what the running machine has done already, when the configuration cannot be written */
  private async write(machine: Machine, after: MachineConfig, undo?: () => Promise<unknown>): Promise<void> {
    try {
      await this.machines.rewrite(machine, () => after);
    } catch (error) {
      await undo?.().catch((again: unknown) =>
        machine.note(`what was changed could not be taken back: ${toErrorValue(again).message}`),
      );
      throw error;
    }
  }

  private async socketsOf(machine: Machine, config: MachineConfig): Promise<Record<string, string>> {
    return (await this.context.networks?.prepare(machine.folder, config)) ?? {};
  }

  private checkNic(nic: NicConfig, before?: NicConfig): void {
    if (nic.network !== null && nic.network !== before?.network) this.context.networks?.get(nic.network);
    if (nic.mac === before?.mac) return;
    const { macs } = this.machines.taken();
    const problem = macProblem(nic.mac, macs);
    if (problem === undefined) return;
    const key = ({ malformed: 'macMalformed', group: 'macGroup', taken: 'macTaken' } as const)[problem];
    throw new Failure('input.invalid', phrase(`devices.${key}`, { mac: nic.mac }), {
      hint: phrase(`devices.${key}Hint`),
    });
  }
}
