/** What the wizard knows and decides, without a screen. Sizes in MiB. */
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { type ErrorValue, Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { GalleryItem } from '@shared/gallery/entry';
import { defaultsFor } from '@shared/guests/defaults';
import { refusal } from '@shared/guests/refusal';
import { type GuestSource, subjectOf } from '@shared/guests/subject';
import { guestById } from '@shared/guests/table';
import type { EngineStatus } from '@shared/host/report';
import { type EngineId, machineSpec, type MachineSpec } from '@shared/machine/config';
import { freeName, maxNameLength, nameProblem, normalizeName, type NameProblem } from '@shared/machine/name';
import type { MediumReport } from '@shared/media/report';

/** What a machine is made of: a system of the gallery, or an image of the person's own. */
export type Origin = { kind: 'gallery'; item: GalleryItem } | { kind: 'image'; report: MediumReport };

export function sourceOf(origin: Origin): GuestSource {
  return origin.kind === 'gallery' ? origin.item.entry : origin.report;
}

/** Where the origin's image is on the host; null while it is not there. */
export function imagePath(origin: Origin): string | null {
  return origin.kind === 'gallery' ? origin.item.path : origin.report.path;
}

export function titleOf(origin: Origin): string {
  if (origin.kind === 'gallery') return origin.item.entry.name;
  return origin.report.title ?? origin.report.fileName;
}

/** An engine as the wizard offers it. */
export interface EngineChoice {
  capabilities: EngineCapabilities;
  /** Why it cannot be chosen, and what could be; undefined when it can. */
  problem: ErrorValue | undefined;
}

/** The engines for a system, those that are not there among them, each with the reason against it. */
export function engineChoices(origin: Origin, engines: readonly EngineStatus[]): EngineChoice[] {
  return engines.map(({ capabilities, available, problem }) => ({
    capabilities,
    problem:
      refusal(sourceOf(origin), capabilities) ??
      (available
        ? undefined
        : (problem ??
          new Failure(
            'engine.not-found',
            phrase('engine.notHere', { engine: capabilities.title }),
          ).toValue())),
  }));
}

/** A system that wants this much memory does more than the embedded engine is quick at. */
const heavyMiB = 512;

/** Whether a system is 64-bit, or a large one: QEMU runs those better where both engines could. */
function isHeavy(origin: Origin): boolean {
  const source = sourceOf(origin);
  const { guest, bits } = subjectOf(source);
  if (bits.includes(64)) return true;
  return ('memoryMiB' in source ? source : guestById(guest)).memoryMiB > heavyMiB;
}

/**
 * The engine to begin with: the first that can run the system, which is the embedded one for small 32-bit systems;
 * QEMU for 64-bit and heavy ones. One for tests only where nothing else is.
 *
 * @param wanted what the person wants new machines to have, where it can run them
 */
export function preferredEngine(
  origin: Origin,
  choices: readonly EngineChoice[],
  wanted?: EngineId | null,
): EngineChoice | undefined {
  const possible = choices.filter(({ problem }) => !problem);
  const chosen = possible.find(({ capabilities }) => capabilities.id === wanted);
  if (chosen) return chosen;
  const qemu = possible.find(({ capabilities }) => capabilities.id === 'qemu');
  if (qemu && isHeavy(origin)) return qemu;
  return possible.find(({ capabilities }) => capabilities.id !== 'fake') ?? possible[0];
}

/** Why an engine is suggested, where there was another to choose: a key of `create.engine.why`. */
export function engineReason(
  origin: Origin,
  choices: readonly EngineChoice[],
  wanted?: EngineId | null,
): 'wide' | 'heavy' | 'small' | 'chosen' | undefined {
  const preferred = preferredEngine(origin, choices, wanted);
  const real = choices.filter(({ capabilities }) => capabilities.id !== 'fake');
  if (!preferred || real.length < 2) return undefined;
  if (preferred.capabilities.id === wanted) return 'chosen';
  if (preferred.capabilities.id !== 'qemu') return 'small';
  return subjectOf(sourceOf(origin)).bits.includes(64) ? 'wide' : 'heavy';
}

/** What a person edits. */
export interface Draft extends Omit<MachineSpec, 'disk'> {
  disk: { kind: MachineSpec['disk']['kind']; sizeMiB: number; path: string };
}

/** What bounds a draft. */
export interface Limits {
  capabilities: EngineCapabilities;
  /** Memory of the host; undefined while it is not known. */
  hostMemoryMiB: number | undefined;
}

/** The most memory that a machine may have: the engine's limit, and three quarters of the host's memory. */
export function memoryLimit({ capabilities, hostMemoryMiB }: Limits): number {
  const { min, max } = capabilities.memoryMiB;
  if (hostMemoryMiB === undefined) return max;
  return Math.max(min, Math.min(max, Math.floor((hostMemoryMiB * 0.75) / 16) * 16));
}

/** Size of a new disk where the guest would get none. */
const usualDiskMiB = 2048;
export const maxDiskMiB = 2 * 1024 * 1024;

/** A draft with everything that suits the guest. */
export function draftFor(origin: Origin, limits: Limits, taken: Iterable<string>): Draft {
  const { capabilities } = limits;
  const defaults = defaultsFor(sourceOf(origin), capabilities, imagePath(origin));
  const { disk } = defaults;
  return fitDraft(
    {
      ...defaults,
      name: freeName([...titleOf(origin)].slice(0, maxNameLength).join(''), taken),
      engine: capabilities.id,
      disk: {
        kind: disk.kind,
        sizeMiB: disk.kind === 'new' ? disk.sizeMiB : usualDiskMiB,
        path: disk.kind === 'copy' ? disk.path : '',
      },
    },
    limits,
  );
}

const between = (value: number, min: number, max: number): number =>
  Math.min(Math.max(Math.round(Number.isFinite(value) ? value : min), min), max);

/** The nearest draft that an engine can run; what it can do stays as it is. */
export function fitDraft(draft: Draft, limits: Limits): Draft {
  const { capabilities } = limits;
  const { firmware, nicModels, architectures } = capabilities;
  const hasNic = capabilities.maxNics > 0 && draft.nicModel !== null;
  return {
    ...draft,
    engine: capabilities.id,
    architecture: architectures.includes(draft.architecture)
      ? draft.architecture
      : (architectures[0] ?? draft.architecture),
    memoryMiB: between(draft.memoryMiB, capabilities.memoryMiB.min, memoryLimit(limits)),
    videoMemoryMiB: between(
      draft.videoMemoryMiB,
      capabilities.videoMemoryMiB.min,
      capabilities.videoMemoryMiB.max,
    ),
    cpus: between(draft.cpus, 1, capabilities.maxCpus),
    serialPorts: between(draft.serialPorts, 0, capabilities.maxSerialPorts),
    boot: draft.boot.filter((device) => capabilities.bootDevices.includes(device)),
    firmware: firmware.includes(draft.firmware) ? draft.firmware : (firmware[0] ?? 'bios'),
    secureBoot: draft.secureBoot && hasChoice('secureBoot', capabilities),
    tpm: draft.tpm && hasChoice('tpm', capabilities),
    acpi: draft.acpi || !capabilities.acpiOptional,
    sound: draft.sound && capabilities.sound,
    nicModel: !hasNic
      ? null
      : draft.nicModel && nicModels.includes(draft.nicModel)
        ? draft.nicModel
        : (nicModels[0] ?? null),
    disk: capabilities.maxDisks > 0 ? draft.disk : { ...draft.disk, kind: 'none' },
  };
}

export type DraftProblem = NameProblem | 'memory-range' | 'disk-range' | 'disk-path' | 'cpus-range';

/** What keeps a draft from being created, by field. */
export function draftProblems(
  draft: Draft,
  limits: Limits,
  taken: Iterable<string>,
): Partial<Record<'name' | 'memory' | 'disk' | 'cpus', DraftProblem>> {
  const inside = (value: number, min: number, max: number): boolean =>
    Number.isInteger(value) && value >= min && value <= max;
  const { capabilities } = limits;
  const name = nameProblem(draft.name, taken);
  const memory = inside(draft.memoryMiB, capabilities.memoryMiB.min, memoryLimit(limits));
  const cpus = inside(draft.cpus, 1, capabilities.maxCpus);
  return {
    ...(name && { name }),
    ...(!memory && { memory: 'memory-range' as const }),
    ...(!cpus && { cpus: 'cpus-range' as const }),
    ...(draft.disk.kind === 'new' &&
      !inside(draft.disk.sizeMiB, 1, maxDiskMiB) && { disk: 'disk-range' as const }),
    ...(draft.disk.kind === 'copy' && draft.disk.path === '' && { disk: 'disk-path' as const }),
  };
}

/** The draft as main wants it. */
export function specOf(draft: Draft): MachineSpec {
  const { kind, sizeMiB, path } = draft.disk;
  return machineSpec.parse({
    ...draft,
    name: normalizeName(draft.name),
    disk: kind === 'new' ? { kind, sizeMiB } : kind === 'copy' ? { kind, path } : { kind },
  });
}

/** Moves a device of the boot order by `steps` (−1 is earlier); at an end it stays. */
export function moveBootDevice(
  boot: MachineSpec['boot'],
  device: MachineSpec['boot'][number],
  steps: number,
): MachineSpec['boot'] {
  const from = boot.indexOf(device);
  const to = from + steps;
  if (from < 0 || to < 0 || to >= boot.length) return boot;
  const rest = boot.filter((other) => other !== device);
  return [...rest.slice(0, to), device, ...rest.slice(to)];
}

/** Whether Secure Boot can be chosen as the draft is now: with UEFI, where the firmware for it is installed. */
export function canSecureBoot(draft: Draft, { secureBoot = [] }: EngineCapabilities): boolean {
  return draft.firmware === 'uefi' && secureBoot.includes(draft.architecture);
}

/** The engine's other settings as rows: whether there is anything to choose. */
export function hasChoice(field: keyof MachineSpec, capabilities: EngineCapabilities): boolean {
  switch (field) {
    case 'architecture':
      return capabilities.architectures.length > 1;
    case 'cpus':
      return capabilities.maxCpus > 1;
    case 'firmware':
      return capabilities.firmware.length > 1;
    case 'acpi':
      return capabilities.acpiOptional;
    case 'secureBoot':
      return (capabilities.secureBoot ?? []).length > 0;
    case 'tpm':
      return capabilities.tpm === true;
    case 'sound':
      return capabilities.sound;
    case 'nicModel':
      return capabilities.maxNics > 0;
    case 'serialPorts':
      return capabilities.maxSerialPorts > 0;
    case 'disk':
      return capabilities.maxDisks > 0;
    default:
      return true;
  }
}
