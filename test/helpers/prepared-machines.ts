import fs from 'node:fs/promises';
import path from 'node:path';
import type { MachineConfig } from '@shared/machine/config';
import { testConfig } from './machine-config';

/**
 * Puts machines into a data folder that no program uses yet, by writing their `machine.json`.
 * Ids are made of the position, so that they are the same in every run.
 */
export async function prepareMachines(
  dataFolder: string,
  machines: readonly Partial<MachineConfig>[],
): Promise<MachineConfig[]> {
  const configs = machines.map((changes, index) =>
    testConfig({ id: `prepared${String(index).padStart(8, '0')}`, ...changes }),
  );
  await Promise.all(
    configs.map(async (config) => {
      const folder = path.join(dataFolder, 'machines', `prepared-${config.id.slice(-8)}`);
      await fs.mkdir(folder, { recursive: true });
      await fs.writeFile(path.join(folder, 'machine.json'), JSON.stringify(config, null, 2));
    }),
  );
  return configs;
}

/** A machine whose configuration cannot be read. */
export async function prepareBrokenMachine(dataFolder: string): Promise<void> {
  const folder = path.join(dataFolder, 'machines', 'broken-00000000');
  await fs.mkdir(folder, { recursive: true });
  await fs.writeFile(path.join(folder, 'machine.json'), '{ "schema": 1, "name": "Torn", ');
}
