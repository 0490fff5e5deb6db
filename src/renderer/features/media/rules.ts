import type { LibraryImage } from '@shared/disk/library';
import { isAllowed } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** What can be done with an image. */
export const imageActions = [
  'check',
  'compact',
  'repair',
  'resize',
  'toQcow2',
  'export',
  'attach',
  'detach',
  'move',
  'remove',
] as const;
export type ImageAction = (typeof imageActions)[number];

export const imageActionIcons: Record<ImageAction, string> = {
  check: 'i-lucide-stethoscope',
  compact: 'i-lucide-shrink',
  repair: 'i-lucide-wrench',
  resize: 'i-lucide-scaling',
  toQcow2: 'i-lucide-refresh-cw',
  export: 'i-lucide-file-output',
  attach: 'i-lucide-plug',
  detach: 'i-lucide-unplug',
  move: 'i-lucide-folder-input',
  remove: 'i-lucide-trash-2',
};

/** The disk of the machine whose present state writes to an image. */
export function diskOf(image: LibraryImage): { machine: string; disk: string } | undefined {
  return image.usedBy.find((use) => use.by === 'machine');
}

/** The path of an image inside its machine's folder, as commands want it. */
export const innerPathOf = ({ name }: LibraryImage): string => `disks/${name}`;

/** @param machine in whose folder the image lies */
export function isActionPossible(
  action: ImageAction,
  image: LibraryImage,
  machine: MachineSummary | undefined,
): boolean {
  const { kind, format, health, inUse, usedBy } = image;
  const present = diskOf(image);
  const readable = health !== 'broken' && image.virtualSize !== null;
  const own = kind === 'disk' && machine !== undefined && !inUse && readable;
  const off = machine !== undefined && isAllowed('configure', machine.state);
  const nobodys = kind === 'medium' || usedBy.length === 0;
  switch (action) {
    case 'check':
    case 'repair':
      return own && format === 'qcow2';
    case 'compact':
      // One of its own would take more space than the shared one.
      return own && format === 'qcow2' && usedBy.length > 0 && image.sharedWith.length === 0;
    case 'resize':
      return own && off && present !== undefined;
    case 'toQcow2':
      return own && off && format === 'raw' && present !== undefined && usedBy.length === 1;
    case 'export':
      return readable && !(inUse && present !== undefined);
    case 'attach':
      return nobodys && readable && (format === 'qcow2' || format === 'raw');
    case 'detach':
      return present !== undefined && machine !== undefined && isAllowed('changeDevices', machine.state);
    case 'move':
      return !inUse && image.problem?.code !== 'file.not-found' && usedBy.every(({ by }) => by === 'drive');
    case 'remove':
      return !inUse && image.problem?.code !== 'file.not-found' && usedBy.length === 0;
  }
}

export const filters = ['all', 'attention', 'unused'] as const;
export type ImageFilter = (typeof filters)[number];

/** Whether a person should look at an image. */
export function needsAttention({ health }: LibraryImage): boolean {
  return health !== 'ok';
}

export function matchesFilter(image: LibraryImage, filter: ImageFilter): boolean {
  if (filter === 'attention') return needsAttention(image);
  return filter === 'all' || image.usedBy.length === 0;
}

/** Images of one machine, or the media of all. */
export interface ImageGroup {
  /** The machine's id; null for what lies in no machine's folder. */
  machine: string | null;
  images: LibraryImage[];
  /** What they occupy together; an image that is shared counts for each. */
  bytes: number;
}

/**
 * The images that are shown, by machine in the order of the machines' names, media last.
 *
 * @param search in any case, in the image's name and that of the machine
 */
export function groupImages(
  images: readonly LibraryImage[],
  names: ReadonlyMap<string, string>,
  filter: ImageFilter,
  search: string,
): ImageGroup[] {
  const wanted = search.trim().toLowerCase();
  const groups = new Map<string | null, LibraryImage[]>();
  for (const image of images) {
    const owner = image.machine === null ? '' : (names.get(image.machine) ?? '');
    if (!matchesFilter(image, filter)) continue;
    if (!`${image.name}\n${owner}`.toLowerCase().includes(wanted)) continue;
    groups.set(image.machine, [...(groups.get(image.machine) ?? []), image]);
  }
  const nameOf = (machine: string | null): string =>
    machine === null ? '' : (names.get(machine) ?? machine);
  return [...groups]
    .sort(([a], [b]) =>
      a === null || b === null
        ? Number(a === null) - Number(b === null)
        : nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }),
    )
    .map(([machine, own]) => ({
      machine,
      images: own,
      bytes: own.reduce((sum, { fileSize }) => sum + fileSize, 0),
    }));
}

/** A name for a copy in a format: with the ending that says which one it is. */
export function exportName(image: Pick<LibraryImage, 'name'>, format: 'qcow2' | 'raw'): string {
  const stem = image.name.replace(/\.[a-z0-9]{1,5}$/i, '');
  return `${stem}.${format === 'qcow2' ? 'qcow2' : 'img'}`;
}

/** What is wrong with a name for a new file; undefined when nothing is. */
export function fileNameProblem(
  name: string,
  format: 'qcow2' | 'raw',
): 'empty' | 'slash' | 'ending' | undefined {
  if (name.trim() === '' || name === '.' || name === '..') return 'empty';
  if (/[/\\\0]/.test(name)) return 'slash';
  return name.toLowerCase().endsWith('.qcow2') === (format === 'qcow2') ? undefined : 'ending';
}
