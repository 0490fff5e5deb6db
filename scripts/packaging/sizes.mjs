/** What was built, and whether it is as small as it should be. */
import fs from 'node:fs';
import path from 'node:path';

const mebibyte = 1024 * 1024;

function folderSize(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sum + folderSize(file);
    return sum + fs.lstatSync(file).size;
  }, 0);
}

/** Folders that hold a program as it is installed. */
export const isProgram = (name) => /-unpacked$|^mac/.test(name);

/**
 * @param {string} folder where electron-builder has put things
 * @param {Record<string, number>} budgets MiB by the end of a file's name; `unpacked` is for folders
 * @param {number} since artefacts older than this time are of another run; milliseconds since 1970
 * @returns {{ name: string, size: number, budget: number }[]} MiB; by name
 */
export function measureArtefacts(folder, budgets, since = 0) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => fs.statSync(path.join(folder, entry.name)).mtimeMs >= since)
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        return isProgram(entry.name)
          ? [{ name: entry.name, size: folderSize(file) / mebibyte, budget: budgets.unpacked }]
          : [];
      }
      const kind = Object.keys(budgets).find((end) => entry.name.endsWith(`.${end}`));
      return kind
        ? [{ name: entry.name, size: fs.statSync(file).size / mebibyte, budget: budgets[kind] }]
        : [];
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** A table for people: each artefact with its size and what it may weigh. */
export function sizeTable(artefacts) {
  const width = Math.max(0, ...artefacts.map(({ name }) => name.length));
  return artefacts.map(({ name, size, budget }) => {
    const over = size > budget ? '  TOO BIG' : '';
    return `  ${name.padEnd(width)}  ${size.toFixed(1).padStart(6)} MiB of ${budget}${over}`;
  });
}
