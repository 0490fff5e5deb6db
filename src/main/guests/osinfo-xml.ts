import { XMLParser } from 'fast-xml-parser';
import { plainText } from '../disks/media/bytes';

/**
 * A system of libosinfo's database (its `schema/osinfo.rng`), as far as it is of use here. Sizes in bytes.
 * The files are taken for hostile: what does not fit is left out.
 */
export interface OsRecord {
  /** Such as `http://debian.org/debian/12`. */
  id: string;
  name: string;
  shortIds: string[];
  family: string;
  distro: string;
  /** Ids of systems whose devices and resources it shares where it has none of its own. */
  derivesFrom: string[];
  /** Ids of devices, such as `http://pcisig.com/pci/1af4/1000`; false where support has ended. */
  devices: Map<string, boolean>;
  resources: OsResources[];
  media: OsMedium[];
}

export interface OsResources {
  /** `all`, or an architecture as libosinfo calls it. */
  architecture: string;
  minimum: OsNeeds;
  recommended: OsNeeds;
}

export interface OsNeeds {
  memory?: number;
  storage?: number;
  cpus?: number;
}

/** An installation image: regular expressions for what its primary volume descriptor says. */
export interface OsMedium {
  architecture: string;
  volumeId: string;
  systemId?: string;
  publisherId?: string;
  applicationId?: string;
  volumeSize?: number;
}

/** The longest pattern, of Windows XP, has 450 characters. */
const longestText = 1000;
const mostEntries = 500;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  // One shape for everything: an element is an object, and what lies in it are arrays of elements.
  alwaysCreateTextNode: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
});

type Element = Readonly<Record<string, unknown>>;

/** The systems in one file of the database; none when it is no such file. Never throws. */
export function readOsXml(text: string): OsRecord[] {
  // The database has no document type, and what entities could be defined in one is known.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return [];
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch {
    return []; // not well-formed, or nested out of all bounds
  }
  if (!isElement(document)) return [];
  return within(document, 'libosinfo')
    .flatMap((root) => within(root, 'os'))
    .flatMap((os) => readOs(os) ?? []);
}

function readOs(os: Element): OsRecord | undefined {
  const id = attribute(os, 'id');
  const name = within(os, 'name')
    .filter((element) => attribute(element, 'xml:lang') === undefined)
    .map(textOf)
    .find((text) => text !== '');
  if (id === undefined || name === undefined) return undefined;
  const ids = (tag: string): string[] => within(os, tag).flatMap((element) => attribute(element, 'id') ?? []);
  return {
    id,
    name,
    shortIds: within(os, 'short-id').map(textOf),
    family: first(os, 'family'),
    distro: first(os, 'distro'),
    derivesFrom: [...ids('derives-from'), ...ids('clones')],
    devices: new Map(
      within(os, 'devices')
        .flatMap((list) => within(list, 'device'))
        .flatMap((device) => {
          const deviceId = attribute(device, 'id');
          return deviceId === undefined
            ? []
            : [[deviceId, attribute(device, 'supported') !== 'false'] as const];
        }),
    ),
    resources: within(os, 'resources').map(readResources),
    media: within(os, 'media').flatMap((medium) => readMedium(medium) ?? []),
  };
}

function readResources(element: Element): OsResources {
  return {
    architecture: attribute(element, 'arch') ?? 'all',
    minimum: readNeeds(within(element, 'minimum')[0]),
    recommended: readNeeds(within(element, 'recommended')[0]),
  };
}

function readNeeds(element: Element | undefined): OsNeeds {
  if (!element) return {};
  return {
    memory: amount(first(element, 'ram')),
    storage: amount(first(element, 'storage')),
    cpus: amount(first(element, 'n-cpus')),
  };
}

function readMedium(element: Element): OsMedium | undefined {
  const [iso] = within(element, 'iso');
  const volumeId = iso && first(iso, 'volume-id');
  // Without one nearly everything would fit.
  if (!volumeId) return undefined;
  const pattern = (tag: string): string | undefined => first(iso, tag) || undefined;
  return {
    architecture: attribute(element, 'arch') ?? 'all',
    volumeId,
    systemId: pattern('system-id'),
    publisherId: pattern('publisher-id'),
    applicationId: pattern('application-id'),
    volumeSize: amount(first(iso, 'volume-size')),
  };
}

function amount(text: string): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function within(element: Element, tag: string): Element[] {
  const value = Object.hasOwn(element, tag) ? element[tag] : undefined;
  return Array.isArray(value) ? value.slice(0, mostEntries).filter(isElement) : [];
}

function attribute(element: Element, name: string): string | undefined {
  const value = Object.hasOwn(element, `@${name}`) ? element[`@${name}`] : undefined;
  return typeof value === 'string' && value.length <= longestText ? value : undefined;
}

/** Without control characters; what is too long is as good as empty. */
function textOf(element: Element): string {
  const value = element['#text'];
  return typeof value === 'string' && value.length <= longestText ? plainText(value, longestText) : '';
}

function first(element: Element, tag: string): string {
  const [found] = within(element, tag);
  return found ? textOf(found) : '';
}
