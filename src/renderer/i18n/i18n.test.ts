import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '@shared/errors';
import { describe, expect, it } from 'vitest';
import { errorTitleKey } from '../ui/errors';
import { languages, matchLanguage, messagesOf } from './index';

/** All messages of a language as `library.action.start` → text. */
function flatten(tree: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(tree) as [string, string | object][]) {
    if (typeof value === 'string') flat.set(prefix + key, value);
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) flat.set(inner, text);
  }
  return flat;
}

const english = flatten(messagesOf('en'));

const placeholders = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string))].sort();

/** The renderer's sources without tests and messages. */
function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'en' || entry.name === 'zh-CN' ? [] : sources(path);
    if (!/\.(vue|ts)$/.test(entry.name) || entry.name.endsWith('.test.ts')) return [];
    return [{ path, text: readFileSync(path, 'utf8') }];
  });
}
const files = sources(join(import.meta.dirname, '..'));

/** `t('a.b')`, also `i18n.global.t(…)` and `<i18n-t keypath="…">`. */
const literalKeys = files.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:\bt\(\s*'([^']+)')|(?:keypath="([^"]+)")/g)].map(([, key, keypath]) => ({
    path,
    key: (key ?? keypath) as string,
  })),
);
/** Keys that are put together, as patterns: anything may stand where something is inserted. */
const features = new Set([...english.keys()].map((key) => key.split('.')[0] as string));
const builtKeys = files.flatMap(({ path, text }) =>
  [...text.matchAll(/`([a-z]\w*)\.[^`\s]*?\$\{[^`]+`/g)]
    .filter(([, feature]) => features.has(feature as string))
    .map(([template]) => {
      const parts = template.slice(1, -1).split(/\$\{[^}]*\}/);
      const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[\\w.-]*');
      return { path, template, pattern: new RegExp(`^${pattern}$`) };
    }),
);
/** Every string that looks like a key of ours: keys are also kept in tables. */
const stringKeys = new Set(
  files.flatMap(({ text }) => [...text.matchAll(/['"`]([a-z]\w*(?:\.[\w-]+)+)['"`]/g)].map(([, key]) => key)),
);

describe('messages', () => {
  it.each(languages)('%s has the keys of English and no others', (language) => {
    expect([...flatten(messagesOf(language)).keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each(languages)('%s has text in every message, with the placeholders of English', (language) => {
    const wrong = [...flatten(messagesOf(language))].filter(
      ([key, text]) =>
        text.trim() === '' ||
        placeholders(text).join() !== placeholders(english.get(key) ?? '').join() ||
        text.split(' | ').length !== (english.get(key) ?? '').split(' | ').length,
    );
    expect(wrong).toEqual([]);
  });

  it('has a message for every key that is used', () => {
    expect(literalKeys.length).toBeGreaterThan(100);
    expect(literalKeys.filter(({ key }) => !english.has(key))).toEqual([]);
    const unmatched = builtKeys.filter(
      ({ pattern }) => ![...english.keys()].some((key) => pattern.test(key)),
    );
    expect(unmatched).toEqual([]);
  });

  it('uses every message', () => {
    const used = new Set([...literalKeys.map(({ key }) => key), ...stringKeys]);
    const unused = [...english.keys()].filter(
      (key) => !used.has(key) && !builtKeys.some(({ pattern }) => pattern.test(key)),
    );
    expect(unused).toEqual([]);
  });

  it('has a title for every error code', () => {
    expect(
      Object.keys(errorCodes).filter((code) => !english.has(errorTitleKey(code as keyof typeof errorCodes))),
    ).toEqual([]);
  });
});

describe('the language of the system', () => {
  it.each([
    [['zh-CN', 'en'], 'zh-CN'],
    [['zh-Hant-TW'], 'zh-CN'],
    [['de-DE', 'en-GB'], 'en'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('%j is answered with %s', (wanted, language) => {
    expect(matchLanguage(wanted)).toBe(language);
  });
});
