/**
 * Writes cpio archives in the "newc" format (magic 070701), which is what the Linux kernel unpacks as its initial
 * file system (Documentation/driver-api/early-userspace/buffer-format.rst). Written here so that building needs no
 * cpio program, no root rights for device nodes, and gives the same bytes every time.
 */

/**
 * @typedef {object} CpioEntry
 * @property {string} path relative, without a slash in front
 * @property {number} mode with the file type bits of stat(2)
 * @property {Buffer} [data] content of a file, target of a symbolic link
 * @property {[number, number]} [device] major and minor number of a device node
 */

export const fileType = { directory: 0o040000, file: 0o100000, symlink: 0o120000, character: 0o020000 };

const aligned = (length) => (length + 3) & ~3;

function padded(buffer) {
  return Buffer.concat([buffer, Buffer.alloc(aligned(buffer.length) - buffer.length)]);
}

function record(inode, entry, time) {
  const data = entry.data ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`, 'utf8');
  const [major, minor] = entry.device ?? [0, 0];
  const isDirectory = (entry.mode & 0o170000) === fileType.directory;
  const fields = [
    inode,
    entry.mode,
    0, // owner
    0, // group
    isDirectory ? 2 : 1, // links
    time,
    data.length,
    0, // device that holds the file
    0,
    major,
    minor,
    name.length,
    0, // checksum: only in the 070702 variant
  ];
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header, 'latin1'), name])), padded(data)]);
}

/**
 * @param {CpioEntry[]} entries in any order; they are written sorted, so that folders come before what is in them
 * @param {number} time modification time of every entry, seconds since 1970
 * @returns {Buffer}
 */
export function writeCpio(entries, time) {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const twice = sorted.find((entry, i) => i > 0 && sorted[i - 1].path === entry.path);
  if (twice) throw new Error(`cpio: ${twice.path} is there twice`);
  const records = sorted.map((entry, i) => record(i + 1, entry, time));
  return Buffer.concat([...records, record(0, { path: 'TRAILER!!!', mode: 0 }, 0)]);
}
