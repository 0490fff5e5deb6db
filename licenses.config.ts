import fs from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

/** A package whose code is in one of the bundles. */
interface BundledPackage {
  name: string;
  version: string;
  /** As its manifest says: an SPDX expression. */
  license: string;
  homepage: string;
  /** Its licence texts and notices, in full. */
  text: string;
}

/** The texts of packages that are handed on without any. */
const missingTexts = 'resources/licenses/packages';

/** The folder of the package that a module belongs to; undefined for our own modules and made-up ones. */
function packageFolder(moduleId: string): string | undefined {
  const [file = ''] = moduleId.replace(/^\0/, '').split('?');
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file)?.[0];
}

/** @throws Error when nobody can say under which licence it is handed on */
function describe(folder: string): BundledPackage | undefined {
  const manifest = path.join(folder, 'package.json');
  if (!fs.existsSync(manifest)) return undefined;
  const {
    name = '',
    version = '',
    license,
    homepage = '',
  } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as Record<string, string | undefined>;
  if (typeof license !== 'string') throw new Error(`${name} ${version} does not say what its licence is`);
  const own = fs
    .readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => path.join(folder, file));
  const texts = own.length > 0 ? own : [path.join(missingTexts, `${name.replace('/', '__')}.txt`)];
  const text = texts.map((file) => fs.readFileSync(file, 'utf8').trim()).join('\n\n');
  return { name, version, license, homepage, text };
}

/**
 * Writes beside a bundle which packages went into it: `third-party-licenses.txt` with the notices that their licences
 * ask to be handed on with them, and `third-party.json`, the same as data.
 *
 * @param besides packages that are in it without any module of theirs
 */
export function bundledLicenses(besides: readonly string[] = []): Plugin {
  return {
    name: 'bundled-licenses',
    apply: 'build',
    generateBundle(_options, bundle) {
      const folders = new Set(besides.map((name) => path.resolve('node_modules', name)));
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of chunk.moduleIds) folders.add(packageFolder(id) ?? '');
      }
      folders.delete('');
      const found = new Map(
        [...folders]
          .flatMap((folder) => describe(folder) ?? [])
          .map((one) => [`${one.name} ${one.version}`, one]),
      );
      const packages = [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
      const notices = packages.map(({ name, version, license, homepage, text }) =>
        `${name} ${version} (${license}) ${homepage}`.trim().concat('\n\n', text),
      );
      const emit = (fileName: string, source: string): void =>
        void this.emitFile({ type: 'asset', fileName, source: `${source}\n` });
      emit('third-party-licenses.txt', notices.join(`\n\n${'─'.repeat(80)}\n\n`));
      emit('third-party.json', JSON.stringify(packages, null, 1));
    },
  };
}
