import fs from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

/** The folder of the package that a module belongs to; undefined for our own modules and made-up ones. */
function packageFolder(moduleId: string): string | undefined {
  const [file = ''] = moduleId.replace(/^\0/, '').split('?');
  return /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file)?.[0];
}

/** Name, version and licence of a package, with the text that it brings. */
function notice(folder: string): string | undefined {
  const manifest = path.join(folder, 'package.json');
  if (!fs.existsSync(manifest)) return undefined;
  const { name, version, license, homepage } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as Record<
    string,
    string | undefined
  >;
  const texts = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const body = texts.map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license}) ${homepage ?? ''}`.trim(), ...body].join('\n\n');
}

/**
 * Writes `third-party-licenses.txt` beside a bundle: the notices of the packages that went into it, which their
 * licences ask to be handed on with them.
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
      const notices = new Set([...folders].flatMap((folder) => notice(folder) ?? []));
      const source = [...notices].sort().join(`\n\n${'─'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'third-party-licenses.txt', source: `${source}\n` });
    },
  };
}
