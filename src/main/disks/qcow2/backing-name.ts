import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from '../host-file';
import type { DiskFormat } from '../image-format';
import { roundUp } from './geometry';
import type { Header } from './header';
import { extensionType, listExtensions, type PlacedExtension } from './header-extensions';

/** What an image is to be based on. */
export interface NewBacking {
  /** As it stands in the header. */
  name: string;
  format: DiskFormat;
}

/** Disks write so much as a whole, or not at all. */
const sectorSize = 512;
/** Extensions of a header that has more of them are left alone, in bytes. */
const mostHeader = 65536;
/** Where the name's position and, behind it, its length stand. */
const nameField = 8;

interface Change {
  /** Goes first, to where nothing is. */
  name: { offset: number; bytes: Uint8Array } | undefined;
  /** Goes last, in one write. */
  sector: Uint8Array;
}

/**
 * Names another backing file in an image's header, or none. The new name goes to where nothing is; then one write of
 * the first sector leads to it, so that a crash at any moment leaves the old one or the new one. Nobody else may write
 * to the header meanwhile.
 *
 * @param barrier makes durable what was written before it
 * @throws Failure as `refuseBackingChange`, and those of the file
 */
export async function changeBacking(
  file: HostFile,
  header: Header,
  next: NewBacking | null,
  barrier: () => Promise<void>,
): Promise<void> {
  const { name, sector } = await planChange(file, header, next);
  if (name) {
    await file.write(name.bytes, name.offset);
    await barrier();
  }
  await file.write(sector, 0);
  await barrier();
  delete header.backingFile;
  delete header.backingFormat;
  if (next) Object.assign(header, { backingFile: next.name, backingFormat: next.format });
}

/** @throws Failure `disk.unsupported` for a header in which the change has no place */
export async function refuseBackingChange(
  file: HostFile,
  header: Header,
  next: NewBacking | null,
): Promise<void> {
  await planChange(file, header, next);
}

async function planChange(file: HostFile, header: Header, next: NewBacking | null): Promise<Change> {
  const { clusterSize } = header.geometry;
  const area = new Uint8Array(Math.min(clusterSize, mostHeader));
  await file.read(area, 0);
  const view = new DataView(area.buffer);
  const extensions = new Extensions(file, area, view);
  if (next === null) {
    view.setBigUint64(nameField, 0n);
    view.setUint32(nameField + 8, 0);
    extensions.dropFormat();
    return { name: undefined, sector: area.slice(0, sectorSize) };
  }
  const bytes = new TextEncoder().encode(next.name);
  const oldOffset = Number(view.getBigUint64(nameField));
  const oldEnd = oldOffset + view.getUint32(nameField + 8);
  const first = roundUp(extensions.end, 8);
  const offset = first + bytes.length <= oldOffset ? first : roundUp(oldEnd, 8);
  if (offset + bytes.length > area.length) throw noPlace(file);
  // It may begin in the first sector, which is written with it then.
  area.set(bytes, offset);
  view.setBigUint64(nameField, BigInt(offset));
  view.setUint32(nameField + 8, bytes.length);
  if (next.format !== header.backingFormat) extensions.setFormat(next.format);
  return { name: { offset, bytes }, sector: area.slice(0, sectorSize) };
}

/** The extensions of a header that is changed in memory. */
class Extensions {
  /** Where the list ends. */
  readonly end: number;
  readonly #list: PlacedExtension[];
  readonly #start: number;

  constructor(
    private readonly file: HostFile,
    area: Uint8Array,
    private readonly view: DataView,
  ) {
    this.#start = view.getUint32(4) === 2 ? 72 : view.getUint32(100);
    const old = Number(view.getBigUint64(nameField)) || area.length;
    const refuse = (): Failure => noPlace(file);
    this.#list = [...listExtensions(area.subarray(this.#start, Math.min(old, area.length)), refuse)];
    const last = this.#list.at(-1);
    // Without a mark at their end what follows the old name would be taken for extensions.
    if (last?.type !== extensionType.end) throw refuse();
    this.end = this.#start + last.position + 8;
  }

  setFormat(format: DiskFormat): void {
    const found = this.#list.find(({ type }) => type === extensionType.backingFormat);
    const at = this.#start + (found?.position ?? 0);
    const room = roundUp(found?.data.length ?? 0, 8);
    if (!found || room < format.length || at + 8 + room > sectorSize) {
      throw noPlace(this.file);
    }
    const padded = new Uint8Array(room);
    new TextEncoder().encodeInto(format, padded);
    this.view.setUint32(at + 4, format.length);
    new Uint8Array(this.view.buffer).set(padded, at + 8);
  }

  /** Where it is the only one, it goes; elsewhere it says nothing without a name. */
  dropFormat(): void {
    const [first, second] = this.#list;
    if (first?.type !== extensionType.backingFormat || second?.type !== extensionType.end) return;
    if (this.#start + 8 > sectorSize) return;
    this.view.setUint32(this.#start, extensionType.end);
    this.view.setUint32(this.#start + 4, 0);
  }
}

function noPlace(file: HostFile): Failure {
  return new Failure('disk.unsupported', phrase('merge.noHeaderPlace', { path: file.path }), {
    hint: phrase('merge.whenOff'),
  });
}
