import { readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { diskBusFor, newestType, platformFor } from '@shared/engine/qemu/platform';
import {
  currentSchema,
  type DiskConfig,
  type MachineConfig,
  machineConfig,
  type MachineSpec,
} from '@shared/machine/config';
import { defaultNetworkId } from '@shared/network/config';
import { nameProblem, normalizeName } from '@shared/machine/name';
import { createQcow2 } from '../disks/qcow2/create';
import type { JobControl } from '../jobs/registry';
import type { ProcessHost } from '../platform/process-host';
import { runWorkerJob } from '../platform/worker-job';
import { buildMachineFolder } from './build-folder';
import { checkConfig } from './check-config';
import { writeConfig } from './folder';
import { newMac, newMachineId } from './identity';
import { checkMedium } from './launch-paths';
import { unfinishedPrefix } from './library-file';

const mebibyte = 1024 * 1024;

/** What a new machine must not collide with. */
export interface Taken {
  names: Iterable<string>;
  macs: ReadonlySet<string>;
}

/**
 * Makes the configuration that a person asked for, without touching anything.
 *
 * @throws Failure `input.invalid`, `engine.unsupported`
 */
export function planMachine(spec: MachineSpec, can: EngineCapabilities, taken: Taken): MachineConfig {
  checkName(spec.name, taken.names);
  const drives: MachineConfig['drives'] = [];
  if (can.maxCdroms > 0) drives.push({ id: 'cd0', kind: 'cdrom', path: spec.cdrom });
  else refuseIf(spec.cdrom !== null, phrase('plan.createNoCd'));
  if (can.maxFloppies > 0) drives.push({ id: 'floppy0', kind: 'floppy', path: spec.floppy });
  else refuseIf(spec.floppy !== null, phrase('plan.createNoFloppy'));
  const bus = busFor(spec, can);
  const config = machineConfig.parse({
    schema: currentSchema,
    id: newMachineId(),
    name: normalizeName(spec.name),
    created: new Date().toISOString(),
    notes: '',
    engine: spec.engine,
    architecture: spec.architecture,
    guest: spec.guest,
    memoryMiB: spec.memoryMiB,
    cpus: spec.cpus,
    boot: spec.boot,
    firmware: spec.firmware,
    secureBoot: spec.secureBoot,
    tpm: spec.tpm,
    acpi: spec.acpi,
    videoMemoryMiB: spec.videoMemoryMiB,
    sound: spec.sound,
    serialPorts: spec.serialPorts,
    disks: spec.disk.kind === 'none' ? [] : [{ id: 'disk0', path: 'disks/disk0.qcow2', bus }],
    drives,
    nics:
      spec.nicModel === null
        ? []
        : [
            {
              id: 'nic0',
              model: spec.nicModel,
              mac: newMac(taken.macs),
              connected: true,
              network: defaultNetworkId,
            },
          ],
  });
  checkConfig(config, can);
  return withMachineType(config, can);
}

function busFor(spec: MachineSpec, can: EngineCapabilities): DiskConfig['bus'] {
  const wanted = diskBusFor(spec.architecture, spec.guest);
  return can.diskBuses.includes(wanted) ? wanted : (can.diskBuses[0] ?? 'ide');
}

/** Gives a machine without one the hardware version that it then keeps, on an engine that has such a thing. Pure. */
export function withMachineType(config: MachineConfig, can: EngineCapabilities): MachineConfig {
  const types = can.machineTypes?.[config.architecture];
  if (!types || config.machineType !== undefined) return config;
  const machineType = newestType(platformFor(config), types);
  return machineType === null ? config : { ...config, machineType };
}

/** @throws Failure `input.invalid` */
export function checkName(name: string, taken: Iterable<string>): void {
  switch (nameProblem(name, taken)) {
    case 'empty':
      throw new Failure('input.invalid', phrase('machine.needsName'));
    case 'too-long':
      throw new Failure('input.invalid', phrase('machine.nameLong'));
    case 'control-character':
      throw new Failure('input.invalid', phrase('machine.nameControl'));
    case 'taken':
      throw new Failure('input.invalid', phrase('machine.nameTaken', { name: normalizeName(name) }));
  }
}

/**
 * Makes the folder of the machine that a person asked for.
 *
 * @param machinesFolder where it is made
 * @returns the new folder
 * @throws Failure `cancelled`, `input.invalid`, `file.*`, `disk.*`, `medium.*`
 */
export async function createMachineFolder(
  machinesFolder: string,
  config: MachineConfig,
  spec: MachineSpec,
  host: ProcessHost,
  control: JobControl,
): Promise<string> {
  for (const image of [spec.cdrom, spec.floppy]) if (image !== null) await checkMedium(image);
  return buildMachineFolder(machinesFolder, config, control.signal, async (unfinished) => {
    await makeDisk(unfinished, config, spec, host, control);
    await writeConfig(unfinished, config);
  });
}

async function makeDisk(
  folder: string,
  config: MachineConfig,
  spec: MachineSpec,
  host: ProcessHost,
  control: JobControl,
): Promise<void> {
  const [disk] = config.disks;
  if (!disk) return;
  const target = join(folder, ...disk.path.split('/'));
  if (spec.disk.kind === 'new') {
    await createQcow2(target, { virtualSize: spec.disk.sizeMiB * mebibyte });
  } else if (spec.disk.kind === 'copy') {
    const { path } = spec.disk;
    refuseIf(!isAbsolute(path), phrase('file.absolute', { path }));
    await checkMedium(path);
    await runWorkerJob(host, 'copyDisk', { source: path, target }, control);
  }
}

/** Removes what programs that were killed while they made a machine have left. Only the library's holder may do so. */
export async function removeUnfinished(machinesFolder: string): Promise<void> {
  for (const name of await readdir(machinesFolder)) {
    if (!name.startsWith(unfinishedPrefix)) continue;
    await rm(join(machinesFolder, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function refuseIf(wrong: boolean, message: Phrase): void {
  if (wrong) throw new Failure('input.invalid', message);
}
