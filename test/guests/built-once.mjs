/** Images of test guests that are built once and kept under .cache/. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIfThere, readJsonIfThere, sha256, writeWhole } from '../../scripts/resources/atomic-files.mjs';
import { withBuildLock } from '../../scripts/resources/build-lock.mjs';

const cache = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../.cache');

/**
 * The image of this name as it was built from the same inputs, or a new one.
 *
 * @param {object} options
 * @param {string} options.name of the image, without extension
 * @param {string} options.architecture as Debian calls it
 * @param {readonly string[]} options.inputFiles sources of the image: it is built again when one of them changes
 * @param {(folder: string) => Promise<{ image: Buffer, version: string }>} options.build with a folder for packages,
 *   and the version of what is in the image
 * @returns {Promise<{ path: string, version: string }>}
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable} as `build`
 */
export async function builtOnce({ name, architecture, inputFiles, build }) {
  const iso = path.join(cache, `guests/${name}.iso`);
  const stamp = path.join(cache, `guests/${name}.json`);
  const inputs = sha256(Buffer.concat(inputFiles.map((file) => fs.readFileSync(file))));
  const cached = () => {
    const known = readJsonIfThere(stamp);
    if (known?.inputs !== inputs) return undefined;
    const image = readIfThere(iso);
    return image && sha256(image) === known.sha256 ? { path: iso, version: known.version } : undefined;
  };
  const ready = cached();
  if (ready) return ready;
  const folder = path.join(cache, `apt-${architecture}`);
  return withBuildLock(path.join(folder, 'build.lock'), async () => {
    const builtMeanwhile = cached();
    if (builtMeanwhile) return builtMeanwhile;
    const { image, version } = await build(folder);
    writeWhole(iso, image);
    writeWhole(stamp, `${JSON.stringify({ version, inputs, sha256: sha256(image) }, null, 2)}\n`);
    return { path: iso, version };
  });
}
