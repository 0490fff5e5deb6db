/** Images for tests, made in memory: small, and in every detail as the test wants them. */

const sector = 2048;

export interface IsoOptions {
  volumeId?: string;
  publisher?: string;
  /** Names of files with directories, and their contents. A name that ends with `/` is an empty directory. */
  files?: Record<string, string | Uint8Array>;
  /** Without Rock Ridge, names appear as plain ISO 9660 has them. */
  plainNames?: boolean;
  boot?: BootOptions[];
  bootId?: string;
  /** Claims that the volume is so many sectors long. */
  volumeSectors?: number;
  /** Announces UDF after the ISO 9660 descriptors; `only` leaves those out. */
  udf?: 'bridge' | 'only';
}

export interface BootOptions {
  platform: number;
  /** The media type: 0 is no emulation, 2 a 1.44 MB floppy. */
  media: number;
  data: Uint8Array;
}

interface Node {
  name: string;
  children?: Map<string, Node>;
  data?: Uint8Array;
  at: number;
  size: number;
}

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

/** An ISO 9660 image with Rock Ridge names and an El Torito catalog. */
export function isoImage(options: IsoOptions = {}): Uint8Array {
  const { volumeId = 'TEST', publisher = '', files = {}, plainNames = false, boot = [] } = options;
  const root: Node = { name: '', children: new Map(), at: 0, size: 0 };
  for (const [path, data] of Object.entries(files)) addNode(root, path, data);

  let next = 24;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.max(1, Math.ceil(bytes / sector));
    return at;
  };
  const place = (node: Node): void => {
    node.size = node.children ? sector * 4 : (node.data?.length ?? 0);
    node.at = take(node.size);
    for (const child of node.children?.values() ?? []) place(child);
  };
  place(root);
  const bootAt = boot.map(({ data }) => take(data.length));
  const image = Buffer.alloc(next * sector);

  const write = (node: Node, parent: Node): void => {
    if (!node.children) {
      image.set(node.data ?? [], node.at * sector);
      return;
    }
    let at = node.at * sector;
    const add = (record: Uint8Array): void => {
      if (Math.floor(at / sector) !== Math.floor((at + record.length - 1) / sector)) {
        at = (Math.floor(at / sector) + 1) * sector;
      }
      image.set(record, at);
      at += record.length;
    };
    add(directoryRecord('\0', node));
    add(directoryRecord('\x01', parent));
    for (const child of node.children.values()) {
      add(
        plainNames
          ? directoryRecord(plainName(child), child)
          : directoryRecord(`F${child.at};1`, child, child.name),
      );
      write(child, node);
    }
  };
  write(root, root);

  let descriptor = 16;
  const put = (bytes: Uint8Array): void => {
    image.set(bytes, descriptor++ * sector);
  };
  if (options.udf !== 'only') {
    put(primaryDescriptor(volumeId, publisher, options.volumeSectors ?? next, root));
    if (boot.length > 0) put(bootDescriptor(22));
    put(Buffer.concat([Buffer.from([255]), text('CD001'), Buffer.from([1])]));
  }
  if (options.udf)
    for (const id of ['BEA01', 'NSR02', 'TEA01']) put(Buffer.concat([Buffer.from([0]), text(id)]));
  if (boot.length > 0) {
    image.set(bootCatalog(boot, bootAt, options.bootId ?? ''), 22 * sector);
    boot.forEach(({ data }, index) => image.set(data, (bootAt[index] ?? 0) * sector));
  }
  return new Uint8Array(image);
}

function addNode(root: Node, path: string, data: string | Uint8Array): void {
  const names = path.split('/').filter((name) => name !== '');
  let node = root;
  names.forEach((name, index) => {
    const file = index === names.length - 1 && !path.endsWith('/');
    const child: Node = node.children?.get(name) ?? {
      name,
      at: 0,
      size: 0,
      ...(file ? { data: typeof data === 'string' ? text(data) : data } : { children: new Map() }),
    };
    node.children?.set(name, child);
    node = child;
  });
}

function plainName({ name, children }: Node): string {
  const plain = name.replace(/^\./, '_').toUpperCase();
  return children ? plain : `${plain.includes('.') ? plain : `${plain}.`};1`;
}

function directoryRecord(name: string, node: Node, rockRidge?: string): Uint8Array {
  const nameBytes = text(name);
  const pad = nameBytes.length % 2 === 0 ? 1 : 0;
  const system =
    rockRidge === undefined
      ? Buffer.alloc(0)
      : Buffer.concat([text('NM'), Buffer.from([5 + rockRidge.length, 1, 0]), text(rockRidge)]);
  const length = 33 + nameBytes.length + pad + system.length;
  const record = Buffer.alloc(length + (length % 2));
  record[0] = record.length;
  record.writeUInt32LE(node.at, 2);
  record.writeUInt32BE(node.at, 6);
  record.writeUInt32LE(node.size, 10);
  record.writeUInt32BE(node.size, 14);
  record[25] = node.children ? 2 : 0;
  record[32] = nameBytes.length;
  record.set(nameBytes, 33);
  record.set(system, 33 + nameBytes.length + pad);
  return record;
}

function primaryDescriptor(volumeId: string, publisher: string, sectors: number, root: Node): Uint8Array {
  const bytes = Buffer.alloc(sector);
  bytes[0] = 1;
  bytes.set(text('CD001'), 1);
  bytes[6] = 1;
  bytes.set(text(volumeId.padEnd(32)), 40);
  bytes.writeUInt32LE(sectors, 80);
  bytes.writeUInt16LE(sector, 128);
  bytes.set(directoryRecord('\0', root), 156);
  bytes.set(text(publisher.padEnd(128)), 318);
  return bytes;
}

function bootDescriptor(catalog: number): Uint8Array {
  const bytes = Buffer.alloc(sector);
  bytes.set(text('CD001'), 1);
  bytes[6] = 1;
  bytes.set(text('EL TORITO SPECIFICATION'), 7);
  bytes.writeUInt32LE(catalog, 0x47);
  return bytes;
}

function bootCatalog(boot: BootOptions[], sectors: number[], id: string): Uint8Array {
  const bytes = Buffer.alloc(sector);
  bytes[0] = 1;
  bytes[1] = boot[0]?.platform ?? 0;
  bytes.set(text(id.slice(0, 24)), 4);
  bytes.writeUInt16LE(0xaa55, 30);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += bytes.readUInt16LE(at);
  bytes.writeUInt16LE(-sum & 0xffff, 28);
  let at = 32;
  boot.forEach(({ platform, media, data }, index) => {
    if (index > 0) {
      bytes[at] = index === boot.length - 1 ? 0x91 : 0x90;
      bytes[at + 1] = platform;
      bytes.writeUInt16LE(1, at + 2);
      at += 32;
    }
    bytes[at] = 0x88;
    bytes[at + 1] = media;
    bytes.writeUInt16LE(media === 0 ? Math.ceil(data.length / 512) : 1, at + 6);
    bytes.writeUInt32LE(sectors[index] ?? 0, at + 8);
    at += 32;
  });
  return bytes;
}

export interface KernelOptions {
  bits: 32 | 64;
  version?: string;
  /** Of the boot protocol; before 0x20c there are no flags. */
  protocol?: number;
  /** Bytes of protected-mode code at its beginning. */
  code?: Uint8Array;
  size?: number;
}

/** The beginning of a Linux bzImage, as the boot protocol describes it; the rest is filling. */
export function linuxKernel(options: KernelOptions): Uint8Array {
  const { bits, version, protocol = 0x20f, code, size = 128 * 1024 } = options;
  const bytes = Buffer.alloc(size, 0x90);
  bytes.fill(0, 0, 1024);
  const setupSectors = 3;
  bytes[0x1f1] = setupSectors;
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.set(text('HdrS'), 0x202);
  bytes.writeUInt16LE(protocol, 0x206);
  if (protocol >= 0x20c) bytes.writeUInt16LE(bits === 64 ? 0x3f : 0, 0x236);
  if (version !== undefined) {
    bytes.writeUInt16LE(0x400 - 0x200, 0x20e);
    bytes.set(text(`${version} (builder@host) #1 SMP\0`), 0x400);
  }
  if (code) bytes.set(code, (setupSectors + 1) * 512);
  return new Uint8Array(bytes);
}

export interface FloppyOptions {
  size?: number;
  oemName?: string;
  /** Text in the boot sector. */
  message?: string;
  bootSignature?: boolean;
  files?: Record<string, Uint8Array>;
  /** Sectors that the boot sector claims. */
  sectors?: number;
}

/** A FAT12 floppy in the usual 1.44 MB layout, whatever its size. */
export function fatFloppy(options: FloppyOptions = {}): Uint8Array {
  const { size = 1_474_560, oemName = 'MSDOS5.0', message = '', bootSignature = true, files = {} } = options;
  const bytes = Buffer.alloc(size);
  bytes.set([0xeb, 0x3c, 0x90], 0);
  bytes.set(text(oemName.padEnd(8)), 3);
  bytes.writeUInt16LE(512, 11);
  bytes[13] = 1;
  bytes.writeUInt16LE(1, 14);
  bytes[16] = 2;
  bytes.writeUInt16LE(224, 17);
  bytes.writeUInt16LE(options.sectors ?? size / 512, 19);
  bytes[21] = 0xf0;
  bytes.writeUInt16LE(9, 22);
  bytes.set(text(message), 0x60);
  if (bootSignature) bytes.writeUInt16LE(0xaa55, 510);
  const root = 19 * 512;
  let cluster = 2;
  Object.entries(files).forEach(([name, data], index) => {
    const [base = '', extension = ''] = name.split('.');
    const at = root + index * 32;
    bytes.set(text(base.padEnd(8) + extension.padEnd(3)), at);
    bytes.writeUInt16LE(cluster, at + 26);
    bytes.writeUInt32LE(data.length, at + 28);
    bytes.set(data, (33 + cluster - 2) * 512);
    cluster += Math.max(1, Math.ceil(data.length / 512));
  });
  return new Uint8Array(bytes);
}

/** A disk with an MBR of up to four partitions, given as type, first sector and number of sectors. */
export function mbrDisk(
  partitions: [type: number, start: number, sectors: number][],
  size = 4 * 1024 * 1024,
  code = true,
): Uint8Array {
  const bytes = Buffer.alloc(size);
  if (code) bytes.set([0x33, 0xc0, 0x8e, 0xd0], 0);
  partitions.forEach(([type, start, sectors], index) => {
    const at = 446 + index * 16;
    bytes[at] = index === 0 ? 0x80 : 0;
    bytes[at + 4] = type;
    bytes.writeUInt32LE(start, at + 8);
    bytes.writeUInt32LE(sectors, at + 12);
  });
  bytes.writeUInt16LE(0xaa55, 510);
  return new Uint8Array(bytes);
}
