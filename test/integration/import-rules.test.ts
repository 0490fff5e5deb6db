import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

/** Every import rule, broken on purpose: the linter must say so. And what is allowed must pass. */
const forbidden: [file: string, imported: string][] = [
  ['src/shared/machine/x.ts', 'node:fs'],
  ['src/shared/machine/x.ts', 'vue'],
  ['src/shared/machine/x.ts', 'electron'],
  ['src/shared/machine/x.ts', '../../main/core'],
  ['src/renderer/features/library/x.ts', 'node:path'],
  ['src/renderer/features/library/x.ts', 'electron'],
  ['src/renderer/features/library/x.ts', '../../../main/machines/service'],
  ['src/preload/x.ts', '../main/core'],
  ['src/preload/x.ts', '../renderer/bridge/client'],
  ['src/main/machines/x.ts', 'electron'],
  ['src/main/machines/x.ts', '../api/serve'],
  ['src/main/machines/x.ts', '../processes/machine/engine'],
  ['src/main/jobs/x.ts', '../server/main'],
  ['src/main/media/x.ts', '../server/server'],
  ['src/main/disks/x.ts', '../machines/store'],
  ['src/main/platform/x.ts', '../disks/open-disk'],
  ['src/main/core.ts', 'electron'],
  ['src/main/server/x.ts', 'electron'],
  ['src/main/api/x.ts', '../../renderer/bridge/client'],
  ['src/main/processes/machine/x.ts', '../../machines/service'],
  ['src/main/processes/machine/x.ts', '../worker/main'],
  ['src/main/processes/machine/engines/v86/x.ts', 'electron'],
  ['src/main/processes/worker/x.ts', '../../gallery/service'],
];

const allowed: [file: string, imported: string][] = [
  ['src/shared/machine/x.ts', '../ipc/messages'],
  ['src/renderer/features/library/x.ts', '@shared/ipc/contract'],
  ['src/main/machines/x.ts', '../disks/open-disk'],
  ['src/main/disks/x.ts', '../platform/atomic-file'],
  ['src/main/app/x.ts', 'electron'],
  ['src/preload/x.ts', 'electron'],
  ['src/main/processes/machine/engines/v86/x.ts', '../../../../disks/open-disk'],
];

describe('import rules', () => {
  let eslint: ESLint;

  beforeAll(() => {
    eslint = new ESLint({ ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports' });
  });

  async function complaints(file: string, imported: string): Promise<number> {
    const [result] = await eslint.lintText(`import '${imported}';\n`, { filePath: file });
    return result?.messages.filter((message) => message.ruleId === 'no-restricted-imports').length ?? 0;
  }

  it.each(forbidden)('%s may not import %s', async (file, imported) => {
    expect(await complaints(file, imported)).toBeGreaterThan(0);
  });

  it.each(allowed)('%s may import %s', async (file, imported) => {
    expect(await complaints(file, imported)).toBe(0);
  });
});

describe('sentences for people', () => {
  let eslint: ESLint;

  beforeAll(() => {
    eslint = new ESLint({ ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-syntax' });
  });

  async function complaints(code: string, filePath = 'src/main/machines/x.ts'): Promise<number> {
    const [result] = await eslint.lintText(code, { filePath });
    return result?.messages.filter(({ ruleId }) => ruleId === 'no-restricted-syntax').length ?? 0;
  }

  it.each([
    "new Failure('file.io', 'Only in English.');",
    'new Failure(code, `${path} is only in English.`);',
    "const problem = { code: 'file.io', message: 'Only in English.' };",
    "new Failure('file.io', bad ? 'One.' : phrase('file.exists', { path }));",
    "new Failure('file.io', phrase('file.exists', { path }), { hint: 'Only in English.', cause });",
    "new Failure('file.io', phrase('file.exists', { path }), { hint: bad ? phrase('a.b') : 'Other.' });",
  ])('have a translation: %s', async (code) => {
    expect(await complaints(code)).toBe(1);
  });

  it.each<string[]>([
    [
      "new Failure('file.io', phrase('file.exists', { path }), { hint: phrase('a.b'), cause: 'As it came.' });",
    ],
    ["new Failure('internal', 'A defect.');"],
    ["new Failure('ipc.bad-message', 'A defect.');"],
    ["new Failure('input.invalid', 'In the terminal.');", 'src/main/cli/x.ts'],
  ])('are no matter here: %s', async (code = '', file) => {
    expect(await complaints(code, file)).toBe(0);
  });
});
