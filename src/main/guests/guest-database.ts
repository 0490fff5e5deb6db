import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GuestProfile } from '@shared/guests/profile';
import type { MediumReport } from '@shared/media/report';
import { guestOfSystem } from './guest-of-system';
import { type IsoIdentity, readIsoIdentity } from './iso-identity';
import { findSystem } from './match-medium';
import { osinfoFolders, readSystems, stateOf } from './osinfo-files';
import { type OsMedium, type OsNeeds, type OsRecord, readOsXml } from './osinfo-xml';

const mebibyte = 1024 * 1024;
/** No chain of releases is longer. */
const mostAncestors = 100;

/** Network cards that engines have, best first, by libosinfo's ids. */
const cards: readonly (readonly [model: 'virtio' | 'e1000' | 'ne2k', ids: readonly string[]])[] = [
  ['virtio', ['http://pcisig.com/pci/1af4/1000', 'http://pcisig.com/pci/1af4/1041']],
  ['e1000', ['http://pcisig.com/pci/8086/100e']],
  ['ne2k', ['http://pcisig.com/pci/10ec/8029']],
];

/** libosinfo's names of architectures. */
const architectures: Readonly<Record<string, MediumReport['architecture']>> = {
  i386: 'i386',
  i486: 'i386',
  i586: 'i386',
  i686: 'i386',
  x86_64: 'x86_64',
  aarch64: 'aarch64',
  riscv64: 'riscv64',
  ppc64: 'ppc64',
  ppc64le: 'ppc64',
  s390x: 's390x',
};

/** A system of the database that was found in an image. */
export interface KnownSystem {
  /** An id of the guest table. */
  guest: string;
  architecture: MediumReport['architecture'];
  profile: GuestProfile;
}

/**
 * libosinfo's database of systems, where it is installed: it knows installation images by what they say of
 * themselves, and what each system needs. Read when it is first asked, and again when it has changed.
 */
export class GuestDatabase {
  #state: string | undefined;
  #systems: Promise<Map<string, OsRecord>> | undefined;

  constructor(private readonly folders: readonly string[] = osinfoFolders(process.env)) {}

  /** A report with what the database knows of the image; the same one where it knows nothing. @throws Failure `file.*` */
  async refine(report: MediumReport): Promise<MediumReport> {
    if (report.kind !== 'cdrom') return report;
    const state = await stateOf(this.folders);
    const identity = state === undefined ? undefined : await readIsoIdentity(report.path);
    const known = state === undefined || !identity ? undefined : await this.#identify(state, identity);
    return known ? refined(report, known) : report;
  }

  async #identify(state: string, identity: IsoIdentity): Promise<KnownSystem | undefined> {
    if (this.#state !== state) {
      this.#state = state;
      this.#systems = load(this.folders);
    }
    const systems = await this.#systems;
    const found = systems && findSystem(systems.values(), identity);
    return found && describe(found.system, found.medium, systems);
  }
}

/** Later files replace systems of earlier ones. */
async function load(folders: readonly string[]): Promise<Map<string, OsRecord>> {
  const systems = new Map<string, OsRecord>();
  for await (const text of readSystems(folders)) {
    for (const system of readOsXml(text)) systems.set(system.id, system);
    // There are many files, and others want this process meanwhile.
    await nextTurn();
  }
  return systems;
}

function describe(system: OsRecord, medium: OsMedium, systems: ReadonlyMap<string, OsRecord>): KnownSystem {
  const line = ancestry(system, systems);
  const devices = new Map([...line].reverse().flatMap((one) => [...one.devices]));
  const { minimum, recommended } = needsOf(line, medium.architecture);
  const nics = cards.flatMap(([model, ids]) => (ids.some((id) => devices.get(id)) ? [model] : []));
  const profile: GuestProfile = {
    id: system.id.slice(0, 200),
    name: system.name.slice(0, 100),
    ...number('memoryMiB', inMiB(recommended.memory ?? minimum.memory), 1_048_576),
    ...number('diskMiB', inMiB(recommended.storage ?? minimum.storage), 2_097_152),
    ...number('cpus', recommended.cpus ?? minimum.cpus, 256),
    ...number('minimumMemoryMiB', inMiB(minimum.memory), 1_048_576),
    ...(nics.length > 0 ? { nics } : {}),
  };
  const architecture = Object.hasOwn(architectures, medium.architecture)
    ? (architectures[medium.architecture] ?? 'unknown')
    : 'unknown';
  return { guest: guestOfSystem(system, devices), architecture, profile };
}

/** A system and those that it derives from, the nearest first. */
function ancestry(system: OsRecord, systems: ReadonlyMap<string, OsRecord>): Set<OsRecord> {
  const line = new Set([system]);
  for (const one of line) {
    for (const id of one.derivesFrom) {
      const parent = systems.get(id);
      if (parent && line.size < mostAncestors) line.add(parent);
    }
  }
  return line;
}

/** Of the nearest system that says something. */
function needsOf(line: Iterable<OsRecord>, architecture: string): { minimum: OsNeeds; recommended: OsNeeds } {
  for (const { resources } of line) {
    const own =
      resources.find((entry) => entry.architecture === architecture) ??
      resources.find((entry) => entry.architecture === 'all');
    if (own) return own;
  }
  return { minimum: {}, recommended: {} };
}

function inMiB(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.ceil(bytes / mebibyte);
}

function number<K extends string>(key: K, value: number | undefined, max: number): { [key in K]?: number } {
  return value === undefined ? {} : ({ [key]: Math.min(value, max) } as { [key in K]?: number });
}

function needs({ minimumMemoryMiB }: GuestProfile): string {
  return minimumMemoryMiB === undefined ? '' : `, at least ${minimumMemoryMiB} MiB of memory`;
}

/** What the image itself showed stays, unless the database is more particular about it. */
function refined(report: MediumReport, { guest, architecture, profile }: KnownSystem): MediumReport {
  const general = ['other', 'linux', 'windows'];
  const better = !general.includes(guest) || report.guest === 'other';
  const own = general.includes(report.guest) || report.title === undefined;
  return {
    ...report,
    profile,
    guest: better ? guest : report.guest,
    title: own ? profile.name : report.title,
    architecture: report.architecture === 'unknown' ? architecture : report.architecture,
    evidence: [...report.evidence, `database of systems: ${profile.name} (${profile.id})${needs(profile)}`],
  };
}
