import { Failure } from '@shared/errors';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import type { MachineConfig } from '@shared/machine/config';

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
  const refuse = (what: string, hint?: string): never => {
    throw new Failure('engine.unsupported', `The engine “${can.title}” ${what}.`, { hint });
  };
  const { memoryMiB: memory, videoMemoryMiB: video } = can;
  if (!can.architectures.includes(config.architecture)) {
    const runs = can.architectures.join(', ');
    refuse(
      `cannot run a system for ${config.architecture}, only ${runs}`,
      'Choose another engine or system.',
    );
  }
  if (config.memoryMiB < memory.min || config.memoryMiB > memory.max) {
    refuse(`takes ${memory.min} to ${memory.max} MiB of memory, not ${config.memoryMiB}`);
  }
  if (config.videoMemoryMiB < video.min || config.videoMemoryMiB > video.max) {
    refuse(`takes ${video.min} to ${video.max} MiB of video memory, not ${config.videoMemoryMiB}`);
  }
  if (config.cpus > can.maxCpus) refuse(`has at most ${can.maxCpus} CPU${can.maxCpus === 1 ? '' : 's'}`);
  if (!can.firmware.includes(config.firmware)) refuse(`has no ${config.firmware.toUpperCase()} firmware`);
  if (config.secureBoot && config.firmware !== 'uefi') {
    refuse('has Secure Boot only with UEFI firmware', 'Choose UEFI, or switch Secure Boot off.');
  }
  if (config.secureBoot && !can.secureBoot?.includes(config.architecture)) {
    refuse(
      `has no Secure Boot for ${config.architecture} on this computer`,
      'Install OVMF with enrolled keys.',
    );
  }
  if (config.tpm && !can.tpm) refuse('has no TPM on this computer', 'Install swtpm.');
  if (!config.acpi && !can.acpiOptional) refuse('cannot switch ACPI off');
  if (config.sound && !can.sound) refuse('has no sound');
  if (config.serialPorts > can.maxSerialPorts) refuse(`has at most ${can.maxSerialPorts} serial ports`);
  for (const device of config.boot) {
    if (!can.bootDevices.includes(device)) refuse(`cannot start from: ${device}`);
  }
  const cdroms = config.drives.filter(({ kind }) => kind === 'cdrom').length;
  const floppies = config.drives.length - cdroms;
  if (cdroms > can.maxCdroms) refuse(`has at most ${can.maxCdroms} CD drives`);
  if (floppies > can.maxFloppies) refuse(`has at most ${can.maxFloppies} floppy drives`);
  if (config.disks.length > can.maxDisks) refuse(`has at most ${can.maxDisks} disks`);
  for (const { bus } of config.disks) if (!can.diskBuses.includes(bus)) refuse(`has no ${bus} disks`);
  if (config.nics.length > can.maxNics) refuse(`has at most ${can.maxNics} network adapters`);
  for (const { model } of config.nics) {
    if (!can.nicModels.includes(model)) refuse(`has no network adapter “${model}”`);
  }
}
