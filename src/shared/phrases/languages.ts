import type { PhraseRef } from './phrase';
import { phrases } from './table';
import type { Translated } from './translated';
import { zhCN } from './zh-CN';

/** The languages that the program speaks. */
export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];

const tables: Record<Language, Translated<typeof phrases>> = { en: phrases, 'zh-CN': zhCN };

/** Every phrase in one language, by group. */
export function phrasesIn(language: Language): Translated<typeof phrases> {
  return tables[language];
}

/**
 * A phrase in a language; what is not known here, because another version said it, stays as it was said. Pure.
 *
 * @param said its English text
 */
export function phraseIn(language: Language, ref: PhraseRef | undefined, said: string): string {
  const [group = '', name = ''] = ref?.key.split('.') ?? [];
  const template = (tables[language] as Record<string, Record<string, string>>)[group]?.[name];
  if (template === undefined) return said;
  return template.replace(/\{(\w+)\}/g, (whole, param: string) => {
    const value = ref?.params?.[param];
    if (value === undefined) return whole;
    return typeof value === 'object' ? phraseIn(language, value, value.key) : String(value);
  });
}
