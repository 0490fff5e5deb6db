import type { EngineCapabilities } from '../engine/capabilities';
import type { MachineSpec } from '../machine/config';
import { type GuestSource, type GuestSubject, subjectOf } from './subject';
import { type Guest, guestById } from './table';

/** A database may recommend more processors than a machine beside others should have. */
const mostCpus = 4;

/** What the wizard fills in before a person changes anything; the name and the engine are not its business. */
export type SpecDefaults = Omit<MachineSpec, 'name' | 'engine'>;

/**
 * Good settings for a system on an engine, within what the engine can do. Pure.
 *
 * @param path where the image is on the host; for a gallery entry that is not there yet, null
 */
export function defaultsFor(
  source: GuestSource,
  capabilities: EngineCapabilities,
  path: string | null = 'path' in source ? source.path : null,
): SpecDefaults {
  const subject = subjectOf(source);
  const guest = guestById(subject.guest);
  const profile = 'profile' in source ? source.profile : undefined;
  const wanted = 'memoryMiB' in source ? source : { ...guest, ...profile };
  const { medium } = subject;
  const architecture = architectureOn(subject, capabilities);
  const firmware = firmwareOn(subject, guest, capabilities);
  return {
    architecture,
    guest: guest.id,
    memoryMiB: clamp(wanted.memoryMiB, capabilities.memoryMiB),
    cpus: clamp(profile?.cpus ?? guest.cpus, { min: 1, max: Math.min(mostCpus, capabilities.maxCpus) }),
    boot: bootOrder(medium, capabilities),
    firmware,
    ...(guest.trusted && firmware === 'uefi' ? trust(architecture, capabilities) : {}),
    acpi: guest.acpi || !capabilities.acpiOptional,
    videoMemoryMiB: capabilities.videoMemoryMiB.default,
    sound: guest.sound && capabilities.sound,
    serialPorts: guest.serial ? Math.min(1, capabilities.maxSerialPorts) : 0,
    nicModel: nicOn(profile?.nics ?? guest.nics, capabilities),
    disk: diskFor(subject, wanted.diskMiB, capabilities, path),
    cdrom: medium === 'cdrom' && capabilities.maxCdroms > 0 ? path : null,
    floppy: medium === 'floppy' && capabilities.maxFloppies > 0 ? path : null,
  };
}

function clamp(value: number, range: { min: number; max: number }): number {
  return Math.min(Math.max(value, range.min), range.max);
}

function architectureOn(
  subject: GuestSubject,
  capabilities: EngineCapabilities,
): MachineSpec['architecture'] {
  const { architecture, bits } = subject;
  const offered = capabilities.architectures;
  // An image with kernels of both widths runs as the wider one where there is such a processor.
  if (
    bits.includes(64) &&
    offered.includes('x86_64') &&
    (architecture === 'i386' || architecture === 'unknown')
  ) {
    return 'x86_64';
  }
  if (architecture !== 'unknown' && offered.includes(architecture)) return architecture;
  return offered[0] ?? 'i386';
}

/**
 * A CD comes after the disk: an empty disk does not boot, so the installer starts the first time, and the
 * installed system from then on. A floppy comes first, because the disk beside it usually is data.
 */
function bootOrder(medium: GuestSubject['medium'], capabilities: EngineCapabilities): MachineSpec['boot'] {
  const order: MachineSpec['boot'] =
    medium === 'floppy' ? ['floppy', 'disk', 'cdrom'] : ['disk', 'cdrom', 'floppy'];
  return order.filter((device) => capabilities.bootDevices.includes(device));
}

function firmwareOn(
  subject: GuestSubject,
  guest: Guest,
  capabilities: EngineCapabilities,
): MachineSpec['firmware'] {
  const usable = capabilities.firmware.filter(
    (kind) => subject.firmware.length === 0 || subject.firmware.includes(kind),
  );
  if (usable.includes(guest.firmware)) return guest.firmware;
  return usable[0] ?? capabilities.firmware[0] ?? 'bios';
}

/** Secure Boot and a TPM, as far as they are to be had. */
function trust(
  architecture: MachineSpec['architecture'],
  { secureBoot = [], tpm = false }: EngineCapabilities,
): Pick<MachineSpec, 'secureBoot' | 'tpm'> {
  return { secureBoot: secureBoot.includes(architecture), tpm };
}

function nicOn(nics: Guest['nics'], capabilities: EngineCapabilities): MachineSpec['nicModel'] {
  if (capabilities.maxNics === 0) return null;
  const model = nics.find((candidate) => capabilities.nicModels.includes(candidate));
  return model ?? capabilities.nicModels[0] ?? null;
}

function diskFor(
  subject: GuestSubject,
  diskMiB: number,
  capabilities: EngineCapabilities,
  path: string | null,
): MachineSpec['disk'] {
  if (capabilities.maxDisks === 0) return { kind: 'none' };
  if (subject.medium === 'disk' && path !== null) return { kind: 'copy', path };
  return diskMiB === 0 ? { kind: 'none' } : { kind: 'new', sizeMiB: diskMiB };
}
