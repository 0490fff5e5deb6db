import { Failure } from '@shared/errors';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import type { MachineConfig } from '@shared/machine/config';
import type { engine as phrases } from '@shared/phrases/engine';
import { phrase } from '@shared/phrases/phrase';

type Checked = Pick<
  MachineConfig,
  | 'architecture'
  | 'memoryMiB'
  | 'cpus'
  | 'boot'
  | 'firmware'
  | 'secureBoot'
  | 'tpm'
  | 'acpi'
  | 'videoMemoryMiB'
  | 'sound'
  | 'serialPorts'
> & {
  disks: readonly { bus: MachineConfig['disks'][number]['bus'] }[];
  drives: readonly { kind: 'cdrom' | 'floppy' }[];
  nics: readonly { model: MachineConfig['nics'][number]['model'] }[];
};

/**
 * Checks a configuration against what an engine can do.
 *
 * @throws Failure `engine.unsupported`, naming the first thing that does not fit
 */
export function checkConfig(config: Checked, can: EngineCapabilities): void {
  const refuse: Refuse = (what, params = {}, hint) => {
    throw new Failure('engine.unsupported', phrase(`engine.${what}`, { engine: can.title, ...params }), {
      hint: hint && phrase(`engine.${hint}`),
    });
  };
  const { architecture } = config;
  if (!can.architectures.includes(architecture)) {
    refuse('architecture', { architecture, offered: can.architectures.join(', ') }, 'architectureHint');
  }
  const outside = (value: number, { min, max }: { min: number; max: number }): boolean =>
    value < min || value > max;
  for (const [what, wanted, range] of [
    ['memory', config.memoryMiB, can.memoryMiB],
    ['videoMemory', config.videoMemoryMiB, can.videoMemoryMiB],
  ] as const) {
    if (outside(wanted, range)) refuse(what, { min: range.min, max: range.max, wanted });
  }
  if (config.cpus > can.maxCpus) refuse(can.maxCpus === 1 ? 'oneCpu' : 'cpus', { max: can.maxCpus });
  checkFirmware(config, can, refuse);
  if (config.sound && !can.sound) refuse('sound');
  checkDevices(config, can, refuse);
}

/**
 * Checks that an engine offers the hardware version that a person chooses for a machine.
 *
 * @throws Failure `engine.unsupported`
 */
export function checkMachineType(
  { architecture, machineType = '' }: Pick<MachineConfig, 'architecture' | 'machineType'>,
  { title, machineTypes }: EngineCapabilities,
): void {
  if (machineTypes?.[architecture]?.includes(machineType)) return;
  throw new Failure(
    'engine.unsupported',
    phrase('engine.machineType', { engine: title, type: machineType }),
    { hint: phrase('engine.machineTypeHint') },
  );
}

/** Throws; `params` fill the phrase, `hint` is another of the same group. */
type Refuse = (
  what: keyof typeof phrases,
  params?: Record<string, string | number>,
  hint?: keyof typeof phrases,
) => never;

function checkFirmware(config: Checked, can: EngineCapabilities, refuse: Refuse): void {
  const { architecture, firmware } = config;
  if (!can.firmware.includes(firmware)) refuse('firmware', { firmware: firmware.toUpperCase() });
  if (config.secureBoot && firmware !== 'uefi') refuse('secureBootNeedsUefi', {}, 'secureBootNeedsUefiHint');
  if (config.secureBoot && !can.secureBoot?.includes(architecture)) {
    refuse('secureBoot', { architecture }, 'secureBootHint');
  }
  if (config.tpm && !can.tpm) refuse('tpm', {}, 'tpmHint');
  if (!config.acpi && !can.acpiOptional) refuse('acpi');
}

function checkDevices(config: Checked, can: EngineCapabilities, refuse: Refuse): void {
  if (config.serialPorts > can.maxSerialPorts) refuse('serialPorts', { max: can.maxSerialPorts });
  for (const device of config.boot) if (!can.bootDevices.includes(device)) refuse('bootDevice', { device });
  const cdroms = config.drives.filter(({ kind }) => kind === 'cdrom').length;
  const floppies = config.drives.length - cdroms;
  if (cdroms > can.maxCdroms) refuse('cdroms', { max: can.maxCdroms });
  if (floppies > can.maxFloppies) refuse('floppies', { max: can.maxFloppies });
  if (config.disks.length > can.maxDisks) refuse('disks', { max: can.maxDisks });
  for (const { bus } of config.disks) if (!can.diskBuses.includes(bus)) refuse('diskBus', { bus });
  if (config.nics.length > can.maxNics) refuse('nics', { max: can.maxNics });
  for (const { model } of config.nics) if (!can.nicModels.includes(model)) refuse('nicModel', { model });
}
