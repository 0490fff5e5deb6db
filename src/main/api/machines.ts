import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { MachineSummary } from '@shared/machine/summary';
import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import { layoutOf } from '../machines/layout';
import { requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import type { DeviceCommand } from './devices';
import { sshUserOf } from '../platform/ssh';
import type { Services } from './services';

type MachineCommand = Exclude<Extract<keyof Commands, `machine.${string}`>, DeviceCommand>;

export function machineHandlers(services: Services): Pick<Handlers<Commands>, MachineCommand> {
  const { machines, mover, jobs, shell } = services;
  const { library, power } = machines;

  async function run(id: string, action: (machine: Machine) => Promise<void>): Promise<MachineSummary> {
    const machine = library.get(id);
    await action(machine);
    return machine.summary();
  }

  return {
    'machine.list': () => machines.list(),
    'machine.get': ({ id }) => machines.get(id),
    'machine.create': ({ spec }) => machines.create(spec),
    'machine.open': ({ path }) => machines.open(path),
    'machine.rename': ({ id, name }) => machines.rename(id, name),
    'machine.configure': ({ id, settings }) => machines.configure(id, settings),
    'machine.rescan': () => machines.rescan(),
    'machine.delete': ({ id, how }) => machines.delete(id, how),
    'machine.move': ({ id, into }) => mover.move(id, into),
    'machine.start': ({ id }) => run(id, (machine) => power.start(machine)),
    'machine.pause': ({ id }) => run(id, (machine) => power.pause(machine)),
    'machine.resume': ({ id }) => run(id, (machine) => power.resume(machine)),
    'machine.reset': ({ id }) => run(id, (machine) => power.reset(machine)),
    'machine.powerButton': ({ id }) => machines.powerButton(id),
    'machine.powerOff': ({ id }) => run(id, (machine) => power.powerOff(machine)),
    'machine.saveObstacle': ({ id }) => power.saveObstacle(library.get(id)),
    'machine.save': async ({ id }) => {
      const machine = library.get(id);
      requireState(machine, 'save');
      await power.requireSavable(machine);
      const description = {
        kind: 'save',
        subject: id,
        title: machine.name,
        unit: 'bytes',
        cancellable: false,
      } as const;
      return jobs.start(description, async (control) => {
        await power.save(machine, control.progress);
        return { id };
      });
    },
    'machine.discardSavedState': ({ id }) => machines.discardSavedState(id),
    'machine.insertMedium': ({ id, drive, path }) => machines.insertMedium(id, drive, path),
    'machine.memoryTarget': ({ id, memoryMiB }) => machines.setMemoryTarget(id, memoryMiB),
    'machine.sendKeys': ({ id, keys }) => machines.sendKeys(id, keys),
    'machine.typeText': ({ id, text }) => machines.typeText(id, text),
    'machine.screenshot': ({ id }) => machines.screenshot(id),
    'machine.savedScreen': ({ id }) => machines.savedScreen(id),
    'machine.showInFolder': async ({ id }) => {
      const { folder } = library.get(id);
      if (!shell.showInFolder) throw unavailable(phrase('desktop.noFileManager'));
      await shell.showInFolder(folder);
    },
    'machine.openConsole': ({ id }) => {
      library.get(id);
      if (!shell.openConsole) throw unavailable(phrase('desktop.pageConsole'));
      shell.openConsole(id);
    },
    'machine.serialSocket': ({ id, port }) => machines.serialSocket(id, port),
    'machine.exec': ({ id, ...request }) => machines.exec(id, request),
    'machine.sshUser': async ({ id }) =>
      (await sshUserOf(layoutOf(library.get(id).folder).ssh, undefined)) ?? null,
    'machine.log': ({ id }) => machines.lastLogLines(id),
  };
}

function unavailable(message: Phrase): Failure {
  return new Failure('host.unavailable', message);
}
