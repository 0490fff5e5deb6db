import type { EngineCapabilities } from '@shared/engine/capabilities';
import { topologyOf } from '@shared/engine/qemu/topology';
import type { MachineConfig, MachineSettings } from '@shared/machine/config';

/**
 * The settings of a machine as they are being edited: every field of `MachineSettings`, none missing. The hardware
 * version is changed by an action of its own.
 */
export type SettingsDraft = Required<Omit<MachineSettings, 'machineType'>>;

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A draft that says what the configuration says. */
export function draftOf(config: MachineConfig): SettingsDraft {
  const {
    notes,
    engine,
    guest,
    memoryMiB,
    memoryTargetMiB = memoryMiB,
    cpus,
    cpuModel = 'auto',
    boot,
    firmware,
    secureBoot = false,
    tpm = false,
    acpi,
    videoMemoryMiB,
    sound,
    clipboard = 'off',
    serialPorts,
    nics,
    autostart = { on: false, delaySeconds: 0 },
  } = config;
  return plain({
    notes,
    engine,
    guest,
    memoryMiB,
    memoryTargetMiB,
    cpus,
    topology: topologyOf(config),
    cpuModel,
    boot,
    firmware,
    secureBoot,
    tpm,
    acpi,
    videoMemoryMiB,
    sound,
    clipboard,
    serialPorts,
    nics,
    autostart,
  });
}

/** Only the fields in which the draft differs from the configuration. */
export function changesOf(draft: SettingsDraft, config: MachineConfig): MachineSettings {
  const before = draftOf(config);
  return plain(
    Object.fromEntries(
      Object.entries(draft).filter(
        ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof SettingsDraft]),
      ),
    ),
  ) as MachineSettings;
}

/**
 * A draft that was being edited when somebody else changed the configuration: what was edited stays, everything else is
 * as it is now. Otherwise saving the one would undo the other.
 */
export function rebased(draft: SettingsDraft, before: MachineConfig, now: MachineConfig): SettingsDraft {
  return { ...draftOf(now), ...changesOf(draft, before) };
}

const clamp = (value: number, { min, max }: { min: number; max: number }): number =>
  Math.min(Math.max(Math.round(value), min), max);

/** Whether Secure Boot can be chosen: with UEFI, where the firmware for it is installed. */
export function canSecureBoot(
  { firmware }: Pick<SettingsDraft, 'firmware'>,
  { secureBoot = [] }: EngineCapabilities,
  architecture: MachineConfig['architecture'],
): boolean {
  return firmware === 'uefi' && secureBoot.includes(architecture);
}

/** Another engine has other models; more processors than it can have become as many cores as it can. */
function fittingProcessors(
  { cpus, topology, cpuModel }: SettingsDraft,
  engine: EngineCapabilities,
): Pick<SettingsDraft, 'cpus' | 'topology' | 'cpuModel'> {
  const count = clamp(cpus, { min: 1, max: engine.maxCpus });
  const known = Object.values(engine.cpuModels ?? {}).some((models) => models.includes(cpuModel));
  const keep = count === cpus && engine.cpuModels !== undefined;
  return {
    cpus: count,
    topology: keep ? topology : topologyOf({ cpus: count }),
    cpuModel: known ? cpuModel : 'auto',
  };
}

/** The draft with everything that the engine cannot do brought back to the nearest it can. */
export function fitTo(draft: SettingsDraft, engine: EngineCapabilities): SettingsDraft {
  const nearestModel = engine.nicModels[0];
  return {
    ...draft,
    engine: engine.id,
    memoryMiB: clamp(draft.memoryMiB, engine.memoryMiB),
    videoMemoryMiB: clamp(draft.videoMemoryMiB, engine.videoMemoryMiB),
    ...fittingProcessors(draft, engine),
    serialPorts: clamp(draft.serialPorts, { min: 0, max: engine.maxSerialPorts }),
    boot: draft.boot.filter((device) => engine.bootDevices.includes(device)),
    firmware: engine.firmware.includes(draft.firmware) ? draft.firmware : (engine.firmware[0] ?? 'bios'),
    secureBoot: draft.secureBoot && (engine.secureBoot ?? []).length > 0,
    tpm: draft.tpm && engine.tpm === true,
    acpi: engine.acpiOptional ? draft.acpi : true,
    sound: engine.sound && draft.sound,
    clipboard: engine.clipboard ? draft.clipboard : 'off',
    nics: draft.nics
      .slice(0, engine.maxNics)
      .map((nic) =>
        engine.nicModels.includes(nic.model) || !nearestModel ? nic : { ...nic, model: nearestModel },
      ),
  };
}

/** A list with the item at `index` moved by `by` places, as far as there is room. */
export function moved<T>(list: readonly T[], index: number, by: number): T[] {
  const result = [...list];
  const [item] = result.splice(index, 1);
  if (item === undefined) return result;
  result.splice(Math.min(Math.max(index + by, 0), result.length), 0, item);
  return result;
}
