import { type ErrorValue, Failure } from '../errors';
import { guestById } from '../guests/table';
import type { MachineConfig } from '../machine/config';
import type { engine as enginePhrases } from '../phrases/engine';
import type { engineChange } from '../phrases/engine-change';
import { type Phrase, phrase } from '../phrases/phrase';
import type { EngineCapabilities } from './capabilities';

/** One thing that is not as it was. `loss`: something goes that the person had chosen. */
export interface EngineDifference {
  kind: 'note' | 'loss';
  said: Phrase;
}

/** What becomes of a machine on another engine. */
export interface EngineChange {
  /** The configuration with everything that cannot stay turned into the nearest that the engine has. */
  config: MachineConfig;
  differences: EngineDifference[];
  /** Why it cannot be done; the configuration is then none that the engine takes. */
  refusals: ErrorValue[];
}

/** Proper names, the same in every language. */
const busNames = { ide: 'IDE', virtio: 'virtio', scsi: 'SCSI', sata: 'SATA', nvme: 'NVMe' } as const;
const nicNames = { virtio: 'virtio-net', ne2k: 'NE2000', e1000: 'Intel E1000' } as const;

/** Settings that only QEMU has. They are forgotten on the way, because they belong to one emulator's hardware. */
const onlyQemu = ['machineType', 'cpuModel', 'topology', 'memoryTargetMiB', 'clipboard'] as const;

/**
 * Moves a machine to another engine: what changes, what is lost, and whether it can be done at all. Nothing is
 * touched. Pure.
 *
 * @param config as it is, on the engine that it leaves
 * @param to what the other engine can do here
 */
export function changeEngine(config: MachineConfig, to: EngineCapabilities): EngineChange {
  const differences: EngineDifference[] = [];
  const tell: Tell = (kind, key, params) =>
    void differences.push({ kind, said: phrase(`engineChange.${key}`, params) });
  const { family } = guestById(config.guest);
  tell('note', family === 'windows' ? 'processorWindows' : 'processor');
  if (config.engine !== to.id) {
    if (to.id === 'qemu') tell('note', 'faster');
    if (to.id === 'v86') tell('note', 'slower');
  }
  const changed: MachineConfig = {
    ...config,
    engine: to.id,
    ...numbers(config, to, tell),
    ...switches(config, to, tell),
    disks: config.disks.map((disk, index) => fitDisk(disk, index, to, tell)),
    drives: fitDrives(config.drives, to, tell),
    nics: fitNics(config, to, tell),
    boot: fitBoot(config.boot, to, tell),
  };
  forgetOthers(changed, config, to, tell);
  tell('note', 'snapshots');
  return { config: changed, differences, refusals: refusalsOf(config, to) };
}

type Tell = (
  kind: EngineDifference['kind'],
  key: keyof typeof engineChange,
  params?: Record<string, string | number>,
) => void;

function refusalsOf(config: MachineConfig, to: EngineCapabilities): ErrorValue[] {
  const refusals: ErrorValue[] = [];
  const refuse = (
    key: keyof typeof enginePhrases,
    hint: keyof typeof enginePhrases,
    params: Record<string, string | number> = {},
  ): void => {
    const message = phrase(`engine.${key}`, { engine: to.title, ...params });
    const failure = new Failure('engine.unsupported', message, { hint: phrase(`engine.${hint}`) });
    refusals.push(failure.toValue());
  };
  const { architecture } = config;
  if (!to.architectures.includes(architecture)) {
    if (architecture === 'x86_64' && to.bits === 32) refuse('tooWideForIt', 'tooWideForItHint');
    else refuse('architecture', 'architectureHint', { architecture, offered: to.architectures.join(', ') });
  }
  if (!to.firmware.includes(config.firmware)) refuse('uefiForIt', 'uefiForItHint');
  if (config.disks.length > to.maxDisks) refuse('disks', 'disksHint', { max: to.maxDisks });
  return refusals;
}

type Numbers = Pick<MachineConfig, 'cpus' | 'memoryMiB' | 'videoMemoryMiB' | 'serialPorts'>;

function numbers(config: MachineConfig, to: EngineCapabilities, tell: Tell): Numbers {
  const nearest = (
    key: 'cpus' | 'memory' | 'videoMemory' | 'serialPorts',
    from: number,
    { min, max }: { min: number; max: number },
  ): number => {
    const now = Math.min(Math.max(from, min), max);
    if (now !== from) tell(now < from ? 'loss' : 'note', key, { from, to: now });
    return now;
  };
  return {
    cpus: nearest('cpus', config.cpus, { min: 1, max: to.maxCpus }),
    memoryMiB: nearest('memory', config.memoryMiB, to.memoryMiB),
    videoMemoryMiB: nearest('videoMemory', config.videoMemoryMiB, to.videoMemoryMiB),
    serialPorts: nearest('serialPorts', config.serialPorts, { min: 0, max: to.maxSerialPorts }),
  };
}

function switches(config: MachineConfig, to: EngineCapabilities, tell: Tell): Partial<MachineConfig> {
  const result: Partial<MachineConfig> = {};
  if (config.sound && !to.sound) {
    result.sound = false;
    tell('loss', 'sound');
  }
  if (config.tpm && !to.tpm) {
    result.tpm = undefined;
    tell('loss', 'tpm');
  }
  if (config.secureBoot && !to.secureBoot?.includes(config.architecture)) {
    result.secureBoot = undefined;
    tell('loss', 'secureBoot');
  }
  if (!config.acpi && !to.acpiOptional) {
    result.acpi = true;
    tell('note', 'acpi');
  }
  return result;
}

type Disk = MachineConfig['disks'][number];

/** IDE is what every system knows, so that it is what a disk becomes that cannot stay where it is. */
function fitDisk(disk: Disk, index: number, to: EngineCapabilities, tell: Tell): Disk {
  if (to.diskBuses.includes(disk.bus)) return disk;
  const bus = to.diskBuses.includes('ide') ? 'ide' : (to.diskBuses[0] ?? disk.bus);
  tell('note', 'disk', { number: index + 1, from: busNames[disk.bus], to: busNames[bus] });
  return { ...disk, bus };
}

function fitDrives(
  drives: MachineConfig['drives'],
  to: EngineCapabilities,
  tell: Tell,
): MachineConfig['drives'] {
  const left = { cdrom: to.maxCdroms, floppy: to.maxFloppies };
  const kept = drives.filter(({ kind }) => left[kind]-- > 0);
  for (const [kind, key] of [
    ['cdrom', 'cdroms'],
    ['floppy', 'floppies'],
  ] as const) {
    const count = (list: MachineConfig['drives']): number => list.filter((one) => one.kind === kind).length;
    if (count(kept) < count(drives)) tell('loss', key, { from: count(drives), to: count(kept) });
  }
  return kept;
}

function fitNics(config: MachineConfig, to: EngineCapabilities, tell: Tell): MachineConfig['nics'] {
  const { nics, guest } = config;
  const known = guestById(guest).nics.find((model) => to.nicModels.includes(model)) ?? to.nicModels[0];
  const kept = nics.slice(0, to.maxNics);
  if (kept.length < nics.length) tell('loss', 'nics', { from: nics.length, to: kept.length });
  return kept.map((nic, index) => {
    if (to.nicModels.includes(nic.model) || known === undefined) return nic;
    tell('note', 'nicModel', { number: index + 1, from: nicNames[nic.model], to: nicNames[known] });
    return { ...nic, model: known };
  });
}

function fitBoot(boot: MachineConfig['boot'], to: EngineCapabilities, tell: Tell): MachineConfig['boot'] {
  return boot.filter((device) => {
    const stays = to.bootDevices.includes(device);
    if (!stays) tell('loss', 'boot', { device });
    return stays;
  });
}

/** The hardware version is not worth telling: the machine gets a new one when it comes back. */
function forgetOthers(
  changed: MachineConfig,
  before: MachineConfig,
  to: EngineCapabilities,
  tell: Tell,
): void {
  if (to.id === 'qemu') return;
  for (const name of onlyQemu) {
    if (before[name] === undefined) continue;
    delete changed[name];
    if (name !== 'machineType') tell('loss', name);
  }
}
