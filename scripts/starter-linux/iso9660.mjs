/**
 * Writes ISO 9660 images (ECMA-119, interchange level 1) that boot by El Torito without emulation. Small on
 * purpose: 8.3 names, one volume, every file in one extent.
 */

const sectorSize = 2048;
const sectorsOf = (bytes) => Math.ceil(bytes / sectorSize);

/** Numbers in both byte orders (ECMA-119 7.2.3 and 7.3.3). */
function both16(value) {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt16LE(value, 0);
  buffer.writeUInt16BE(value, 2);
  return buffer;
}

function both32(value) {
  const buffer = Buffer.alloc(8);
  buffer.writeUInt32LE(value, 0);
  buffer.writeUInt32BE(value, 4);
  return buffer;
}

const padText = (text, length) => Buffer.from(text.padEnd(length).slice(0, length), 'latin1');

/** The 17 digits of ECMA-119 8.4.26.1, in UTC. */
function longDate(seconds) {
  const digits = new Date(seconds * 1000).toISOString().replace(/[^0-9]/g, '');
  return Buffer.concat([Buffer.from(digits.slice(0, 16).padEnd(16, '0'), 'latin1'), Buffer.from([0])]);
}

/** The seven bytes of ECMA-119 9.1.5, in UTC. */
function shortDate(seconds) {
  const date = new Date(seconds * 1000);
  return Buffer.from([
    date.getUTCFullYear() - 1900,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    0,
  ]);
}

/** A file identifier (ECMA-119 7.5): `name.ext` becomes `NAME.EXT;1`. */
function fileIdentifier(name) {
  const upper = name.toUpperCase();
  if (!/^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{0,3})?$/.test(upper))
    throw new Error(`iso9660: ${name} is not an 8.3 name`);
  return `${upper.includes('.') ? upper : `${upper}.`};1`;
}

/** A directory record (ECMA-119 9.1). */
function directoryRecord(identifier, extent, bytes, isDirectory, date) {
  const length = 33 + identifier.length + ((identifier.length + 1) % 2);
  const record = Buffer.alloc(length);
  record[0] = length;
  both32(extent).copy(record, 2);
  both32(bytes).copy(record, 10);
  date.copy(record, 18);
  record[25] = isDirectory ? 2 : 0;
  both16(1).copy(record, 28);
  record[32] = identifier.length;
  identifier.copy(record, 33);
  return record;
}

/** Records never cross a sector (ECMA-119 6.8.1.1). */
function packRecords(records) {
  const sectors = [];
  let current = [];
  let used = 0;
  for (const record of records) {
    if (used + record.length > sectorSize) {
      sectors.push(Buffer.concat([...current, Buffer.alloc(sectorSize - used)]));
      current = [];
      used = 0;
    }
    current.push(record);
    used += record.length;
  }
  sectors.push(Buffer.concat([...current, Buffer.alloc(sectorSize - used)]));
  return Buffer.concat(sectors);
}

/** Builds the tree of folders from paths with slashes. */
function buildTree(files) {
  const root = { name: '', folders: [], files: [], parent: undefined };
  for (const [path, data] of Object.entries(files)) {
    const names = path.split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) {
      let next = folder.folders.find((each) => each.name === name.toUpperCase());
      if (!next) {
        if (!/^[A-Z0-9_]{1,8}$/.test(name.toUpperCase())) throw new Error(`iso9660: folder ${name}`);
        next = { name: name.toUpperCase(), folders: [], files: [], parent: folder };
        folder.folders.push(next);
      }
      folder = next;
    }
    folder.files.push({ path, identifier: fileIdentifier(names.at(-1)), data });
  }
  return root;
}

/** Folders in the order that a path table wants: by level, then by parent, then by name (ECMA-119 6.9.1). */
function foldersByLevel(root) {
  const all = [root];
  for (let i = 0; i < all.length; i++) {
    all[i].folders.sort((a, b) => (a.name < b.name ? -1 : 1));
    all.push(...all[i].folders);
  }
  return all;
}

function pathTable(folders, bigEndian) {
  const records = folders.map((folder) => {
    const identifier = folder.parent ? Buffer.from(folder.name, 'latin1') : Buffer.from([0]);
    const record = Buffer.alloc(8 + identifier.length + (identifier.length % 2));
    const parentNumber = folder.parent ? folders.indexOf(folder.parent) + 1 : 1;
    record[0] = identifier.length;
    if (bigEndian) {
      record.writeUInt32BE(folder.extent, 2);
      record.writeUInt16BE(parentNumber, 6);
    } else {
      record.writeUInt32LE(folder.extent, 2);
      record.writeUInt16LE(parentNumber, 6);
    }
    identifier.copy(record, 8);
    return record;
  });
  return Buffer.concat(records);
}

function folderContent(folder, date) {
  const parent = folder.parent ?? folder;
  const entries = [
    ...folder.folders.map((child) => [child.name, child.extent, child.bytes, true]),
    ...folder.files.map((file) => [file.identifier, file.extent, file.data.length, false]),
  ].sort(([a], [b]) => (a < b ? -1 : 1));
  return packRecords([
    directoryRecord(Buffer.from([0]), folder.extent, folder.bytes, true, date),
    directoryRecord(Buffer.from([1]), parent.extent, parent.bytes, true, date),
    ...entries.map(([name, extent, bytes, isDirectory]) =>
      directoryRecord(Buffer.from(name, 'latin1'), extent, bytes, isDirectory, date),
    ),
  ]);
}

function primaryVolume({ volumeId, sectors, tableBytes, tableL, tableM, root, date, time }) {
  const sector = Buffer.alloc(sectorSize);
  sector[0] = 1;
  sector.write('CD001', 1, 'latin1');
  sector[6] = 1;
  padText('LINUX', 32).copy(sector, 8);
  padText(volumeId, 32).copy(sector, 40);
  both32(sectors).copy(sector, 80);
  both16(1).copy(sector, 120); // volumes in the set
  both16(1).copy(sector, 124); // number of this one
  both16(sectorSize).copy(sector, 128);
  both32(tableBytes).copy(sector, 132);
  sector.writeUInt32LE(tableL, 140);
  sector.writeUInt32BE(tableM, 148);
  directoryRecord(Buffer.from([0]), root.extent, root.bytes, true, date).copy(sector, 156);
  sector.fill(0x20, 190, 813); // set, publisher, preparer, application and file identifiers: none
  for (const at of [813, 830]) longDate(time).copy(sector, at); // created, modified
  for (const at of [847, 864]) Buffer.from(`${'0'.repeat(16)}\0`, 'latin1').copy(sector, at); // never expires
  sector[881] = 1;
  return sector;
}

/** The boot record volume descriptor (El Torito 1.0, figure 7). */
function bootRecord(catalogExtent) {
  const sector = Buffer.alloc(sectorSize);
  sector.write('\0CD001\x01EL TORITO SPECIFICATION', 0, 'latin1');
  sector.writeUInt32LE(catalogExtent, 0x47);
  return sector;
}

/** A catalog with a validation entry and one entry without emulation (El Torito 1.0, figures 2 and 3). */
function bootCatalog(imageExtent) {
  const sector = Buffer.alloc(sectorSize);
  sector[0] = 1;
  sector[0x1e] = 0x55;
  sector[0x1f] = 0xaa;
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += sector.readUInt16LE(at);
  sector.writeUInt16LE(-sum & 0xffff, 0x1c);
  sector[0x20] = 0x88; // bootable
  sector.writeUInt16LE(4, 0x26); // sectors of 512 bytes that the firmware loads
  sector.writeUInt32LE(imageExtent, 0x28);
  return sector;
}

/** The 56 bytes that ISOLINUX finds itself by, at offset 8 of its image (mkisofs's `-boot-info-table`). */
function patchBootInfo(image, extent) {
  const patched = Buffer.from(image);
  let sum = 0;
  const whole = Buffer.concat([image, Buffer.alloc((4 - (image.length % 4)) % 4)]);
  for (let at = 64; at < whole.length; at += 4) sum = (sum + whole.readUInt32LE(at)) >>> 0;
  patched.writeUInt32LE(16, 8);
  patched.writeUInt32LE(extent, 12);
  patched.writeUInt32LE(image.length, 16);
  patched.writeUInt32LE(sum, 20);
  patched.fill(0, 24, 64);
  return patched;
}

/**
 * @param {object} image
 * @param {string} image.volumeId up to 32 of A–Z, 0–9 and `_`
 * @param {Record<string, Buffer>} image.files content by path; names are 8.3 and become upper case
 * @param {string} image.boot path of the boot image (ISOLINUX), one of `files`
 * @param {number} image.time date of everything, seconds since 1970
 * @returns {Buffer}
 */
export function writeIso({ volumeId, files, boot, time }) {
  if (!/^[A-Z0-9_]{1,32}$/.test(volumeId)) throw new Error(`iso9660: volume id ${volumeId}`);
  if (!files[boot]) throw new Error(`iso9660: no file ${boot} to boot`);
  const date = shortDate(time);
  const root = buildTree(files);
  const folders = foldersByLevel(root);

  // Folders must know their sizes before anything has a place: sizes do not depend on the places.
  for (const folder of folders) Object.assign(folder, { extent: 0, bytes: 0 });
  for (const folder of folders) folder.files.forEach((file) => (file.extent = 0));
  for (const folder of folders) folder.bytes = folderContent(folder, date).length;
  const tableBytes = pathTable(folders, false).length;

  let next = 20; // 16 volume, 17 boot record, 18 terminator, 19 boot catalog
  const place = (bytes) => {
    const extent = next;
    next += Math.max(1, sectorsOf(bytes));
    return extent;
  };
  const tableL = place(tableBytes);
  const tableM = place(tableBytes);
  for (const folder of folders) folder.extent = place(folder.bytes);
  const allFiles = folders.flatMap((folder) => folder.files);
  for (const file of allFiles) file.extent = place(file.data.length);

  const iso = Buffer.alloc(next * sectorSize);
  const put = (extent, data) => data.copy(iso, extent * sectorSize);
  put(16, primaryVolume({ volumeId, sectors: next, tableBytes, tableL, tableM, root, date, time }));
  put(17, bootRecord(19));
  put(18, Buffer.from('\xffCD001\x01', 'latin1'));
  const bootFile = allFiles.find((file) => file.path === boot);
  put(19, bootCatalog(bootFile.extent));
  put(tableL, pathTable(folders, false));
  put(tableM, pathTable(folders, true));
  for (const folder of folders) put(folder.extent, folderContent(folder, date));
  for (const file of allFiles) {
    put(file.extent, file === bootFile ? patchBootInfo(file.data, file.extent) : file.data);
  }
  return iso;
}
