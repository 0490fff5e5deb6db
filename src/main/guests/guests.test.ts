import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { v86Capabilities } from '@shared/engine/engines';
import { defaultsFor } from '@shared/guests/defaults';
import { guests } from '@shared/guests/table';
import { sayWhySkipped } from '../../../test/helpers/programs';
import { temporaryFolder } from '../../../test/helpers/temp-folder';
import { inspectMedium } from '../disks/media/inspect';
import { isoImage } from '../disks/media/test-images';
import { GuestDatabase } from './guest-database';
import { findSystem } from './match-medium';
import { osinfoFolders } from './osinfo-files';
import { readOsXml } from './osinfo-xml';

const system = (id: string, inner: string): string => `<?xml version="1.0"?>
<libosinfo version="0.0.1"><os id="http://example.org/${id}"><short-id>${id}</short-id>
<name xml:lang="de">Beispiel</name><name>Example &amp; ${id}</name>${inner}</os></libosinfo>`;

const medium = (pattern: string, more = '', architecture = 'x86_64'): string =>
  `<media arch="${architecture}"><iso><volume-id>${pattern}</volume-id>${more}</iso></media>`;
const device = (id: string, supported = true): string =>
  `<device id="http://pcisig.com/pci/${id}"${supported ? '' : ' supported="false"'}/>`;

const parent = system(
  'parent',
  `<family>linux</family><distro>nobody</distro>
   <devices>${device('1af4/1000')}${device('1af4/1001')}${device('8086/100e')}</devices>
   <resources arch="all"><minimum><ram>536870912</ram><n-cpus>2</n-cpus></minimum>
   <recommended><ram>1073741825</ram><storage>21474836480</storage></recommended></resources>`,
);
const child = system(
  'child',
  `<family>linux</family><distro>debian</distro><derives-from id="http://example.org/parent"/>
   <devices>${device('1af4/1000', false)}</devices>${medium('^CHILD.\\d+')}`,
);

describe('a file of the database', () => {
  it('gives a system with its media, devices and needs', () => {
    const [read] = readOsXml(parent);
    expect(read).toMatchObject({
      id: 'http://example.org/parent',
      name: 'Example & parent',
      family: 'linux',
    });
    expect(read?.resources).toEqual([
      {
        architecture: 'all',
        minimum: { memory: 536870912, cpus: 2 },
        recommended: { memory: 1073741825, storage: 21474836480 },
      },
    ]);
    expect([...(readOsXml(child)[0]?.devices ?? [])]).toEqual([['http://pcisig.com/pci/1af4/1000', false]]);
  });

  it.each([
    ['entities', `<!DOCTYPE os [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>${system('x', '&b;')}`],
    ['a document type alone', `<!doctype os>${system('x', '')}`],
    ['a tag without end', system('x', '<media>')],
    ['nesting without end', '<libosinfo>'.repeat(50_000)],
    ['reserved names', system('x', '<__proto__><y>1</y></__proto__>')],
    ['no name', '<libosinfo><os id="a"/></libosinfo>'],
    ['nothing', ''],
  ])('with %s is passed over', (_, text) => {
    expect(readOsXml(text)).toEqual([]);
    expect(({} as { y?: unknown }).y).toBeUndefined();
  });

  it('may hold anything: it is read or passed over, and never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<libosinfo>',
        '</libosinfo>',
        '<os id="a">',
        '</os>',
        '<name>',
        '</name>',
        '<iso>',
        '<![CDATA[',
      ),
      fc.constantFrom(
        '<media arch="x">',
        '&#x41;',
        '&a;',
        '<!--',
        '-->',
        '<?xml',
        '?>',
        '<volume-id>(',
        '"',
        '<',
        '>',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const found of readOsXml(pieces.join(''))) expect(typeof found.id).toBe('string');
      }),
    );
  });
});

describe('an image', () => {
  const identity = {
    volumeId: 'CHILD 12',
    systemId: 'LINUX',
    publisherId: '',
    applicationId: '',
    volumeSize: 4096,
  };
  const among = (...texts: string[]) => findSystem(texts.flatMap(readOsXml), identity)?.system.shortIds[0];

  it('is known by the medium that says most of itself', () => {
    const vague = system('vague', medium('CHILD'));
    const right = system('right', medium('CHILD', '<system-id>LINUX</system-id>'));
    const otherSystem = system(
      'wrong',
      medium('CHILD 12', '<system-id>BSD</system-id><publisher-id>X</publisher-id>'),
    );
    const otherSize = system(
      'size',
      medium('CHILD 12', '<volume-size>1</volume-size><system-id>LINUX</system-id>'),
    );
    expect(among(vague, right, otherSystem, otherSize)).toBe('right');
    expect(among(otherSystem, otherSize)).toBeUndefined();
  });

  it('is not known by patterns that are none, or that would never end', () => {
    const started = performance.now();
    expect(among(system('a', medium('(')), system('b', medium('^(([A-Z0-9 ]+)+)+$x')))).toBeUndefined();
    const long = { ...identity, volumeId: 'A'.repeat(32) };
    expect(findSystem(readOsXml(system('c', medium('^(A+)+B'))), long)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('the database', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => ({ path: folder, remove } = await temporaryFolder('osinfo')));
  afterEach(() => remove());

  const file = async (name: string, data: string | Uint8Array): Promise<string> => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data);
    return path;
  };
  const iso = async (volumeId: string): Promise<string> => file('cd.iso', isoImage({ volumeId }));

  it('refines a report: name, guest, memory, disk, processors, network cards', async () => {
    await file('db/os/example.org/parent.xml', parent);
    await file('db/os/example.org/child.xml', child);
    const database = new GuestDatabase([join(folder, 'db')]);
    const report = await inspectMedium(await iso('CHILD 12'));
    const refined = await database.refine(report);
    expect(refined).toMatchObject({ guest: 'debian', title: 'Example & child', architecture: 'x86_64' });
    expect(refined.evidence.at(-1)).toBe(
      'database of systems: Example & child (http://example.org/child), at least 512 MiB of memory',
    );
    expect(refined.profile).toEqual({
      id: 'http://example.org/child',
      name: 'Example & child',
      memoryMiB: 1025,
      diskMiB: 20480,
      cpus: 2,
      minimumMemoryMiB: 512,
      nics: ['e1000'],
    });
    const capabilities = {
      ...v86Capabilities,
      architectures: ['x86_64' as const],
      maxCpus: 8,
      nicModels: ['virtio' as const, 'e1000' as const],
    };
    expect(defaultsFor(refined, capabilities)).toMatchObject({
      memoryMiB: 1025,
      cpus: 2,
      nicModel: 'e1000',
      disk: { kind: 'new', sizeMiB: 20480 },
    });
    expect(await database.refine(await inspectMedium(await iso('SOMETHING ELSE')))).not.toHaveProperty(
      'profile',
    );
  });

  it('may be missing, come later, and be replaced in a more important folder', async () => {
    const places = [join(folder, 'system'), join(folder, 'user')];
    const database = new GuestDatabase(places);
    const report = await inspectMedium(await iso('CHILD 12'));
    expect(await database.refine(report)).toBe(report);
    await file('system/os/child.xml', child);
    await file('system/os/broken.xml', '<os');
    await file('system/os/huge.xml', Buffer.alloc(1024 * 1024 + 1, 0x20));
    expect((await database.refine(report)).guest).toBe('debian');
    await file('user/os/child.d/child.xml', child.replace('<distro>debian', '<distro>fedora'));
    await utimes(join(folder, 'user/os'), new Date(), new Date(Date.now() + 5000));
    expect((await database.refine(report)).guest).toBe('fedora');
  });

  it('lies where libosinfo looks for it', () => {
    const folders = osinfoFolders({ OSINFO_SYSTEM_DIR: '/opt/db', XDG_DATA_HOME: 'relative' }, '/home/me');
    expect(folders).toContain('/opt/db');
    expect(folders).not.toContain('/usr/share/osinfo');
    expect(folders).toContain('/home/me/.local/share/osinfo');
    expect(folders.at(-1)).toBe('/home/me/.config/osinfo');
  });
});

const installed = existsSync('/usr/share/osinfo/os');
if (!installed) sayWhySkipped('libosinfo’s database as it is installed', 'osinfo-db is missing');

describe.skipIf(!installed)('libosinfo’s database as it is installed', () => {
  const database = new GuestDatabase(['/usr/share/osinfo']);

  it.each([
    ['Debian 11.5.0 amd64 n', 'LINUX', '', 'debian', 'x86_64', 'virtio'],
    ['Debian 11.5.0 arm64 n', 'LINUX', '', 'debian', 'aarch64', 'virtio'],
    ['CCCOMA_X64FRE_EN-US_DV9', '', 'MICROSOFT CORPORATION', 'windows-10', 'x86_64', 'e1000'],
    ['WXPVOL_EN', '', 'MICROSOFT CORPORATION', 'windows-nt', 'i386', 'e1000'],
    ['13_1_RELEASE_AMD64_DVD', 'FreeBSD', '', 'freebsd', 'x86_64', 'virtio'],
  ])('knows “%s”', async (volumeId, systemId, publisher, guest, architecture, nic) => {
    const { path, remove } = await temporaryFolder('iso');
    try {
      const image = Buffer.from(isoImage({ volumeId, publisher }));
      image.write(systemId.padEnd(32), 16 * 2048 + 8, 'latin1');
      await writeFile(join(path, 'cd.iso'), image);
      const refined = await database.refine(await inspectMedium(join(path, 'cd.iso')));
      expect(refined).toMatchObject({ guest, architecture });
      expect(guests.map(({ id }) => id)).toContain(refined.guest);
      expect(refined.profile?.nics?.[0]).toBe(nic);
      // FreeBSD’s needs are not in it.
      expect(refined.profile?.memoryMiB ?? 512).toBeGreaterThanOrEqual(64);
    } finally {
      await remove();
    }
  });
});
