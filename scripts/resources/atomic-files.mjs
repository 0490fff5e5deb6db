/** Files that are either whole or not there. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/**
 * Writes beside the target, makes it durable, and renames it into place.
 *
 * @param {string} file
 * @param {Buffer | string} data
 */
export function writeWhole(file, data) {
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true });
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    const descriptor = fs.openSync(temporary, 'w', 0o644);
    try {
      fs.writeFileSync(descriptor, data);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Makes a rename durable. Windows neither allows nor needs it. */
function syncFolder(folder) {
  if (process.platform === 'win32') return;
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** @returns {Buffer | undefined} undefined if there is no such file */
export function readIfThere(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns {any} undefined if the file is missing or is not JSON */
export function readJsonIfThere(file) {
  const text = readIfThere(file);
  if (!text) return undefined;
  try {
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param {Buffer | string} data */
export const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/**
 * One hash over the names and contents of all files in some folders, whatever order the system lists them in.
 *
 * @param {string[]} folders
 * @param {(file: string) => boolean} [counts] which files count, by path
 */
export function hashFolders(folders, counts = () => true) {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const files = fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => path.relative(folder, path.join(each.parentPath ?? each.path, each.name)))
      .filter(counts)
      .map((file) => file.split(path.sep).join('/'))
      .sort();
    for (const file of files) {
      const content = fs.readFileSync(path.join(folder, file));
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}
