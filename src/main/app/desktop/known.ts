import { type DesktopChoices, desktopChoices } from '@shared/desktop/choices';
import type { Events, Preferences } from '@shared/ipc/contract';
import type { MachineSummary } from '@shared/machine/summary';
import type { z } from 'zod';
import type { ShellCore } from '../../core';

/** What the desktop shows of the program, kept current by its events: in whichever process that runs. */
export class Known {
  private readonly byId: Map<string, MachineSummary>;
  private current: Preferences;

  private constructor(core: ShellCore, machines: readonly MachineSummary[], preferences: Preferences) {
    this.byId = new Map(machines.map((machine) => [machine.id, machine]));
    this.current = preferences;
    core.onEvent((event) => {
      if (event.name === 'machine.changed') this.byId.set(event.value.id, summary(event.value));
      else if (event.name === 'machine.removed') this.byId.delete(event.value.id);
      else if (event.name === 'preferences.changed') this.current = event.value;
    });
  }

  static async of(core: ShellCore): Promise<Known> {
    const [machines, preferences] = await Promise.all([
      core.handlers['machine.list']({}, undefined),
      core.handlers['preferences.get']({}, undefined),
    ]);
    return new Known(core, machines as MachineSummary[], preferences);
  }

  get machines(): MachineSummary[] {
    return [...this.byId.values()];
  }

  machine(id: string | undefined): MachineSummary | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  get preferences(): Preferences {
    return this.current;
  }

  get choices(): DesktopChoices {
    return desktopChoices(this.current);
  }
}

/** What our own core tells fits the schema that it is checked against where it leaves the process. */
function summary(told: z.input<Events['machine.changed']>): MachineSummary {
  return told as MachineSummary;
}
