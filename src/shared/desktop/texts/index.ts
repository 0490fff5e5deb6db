import type { Language } from '../../phrases/languages';
import { en } from './en';
import { zhCN } from './zh-CN';

/** The texts in one language: the same keys, other words. */
export type DesktopTexts = {
  [Group in keyof typeof en]: { [Key in keyof (typeof en)[Group]]: string };
};

const texts: Record<Language, DesktopTexts> = { en, 'zh-CN': zhCN };

/** The texts in one language. */
export const desktopTextsIn = (language: Language): DesktopTexts => texts[language];

/**
 * The language of a preference. Pure.
 *
 * @param system what the operating system speaks (BCP 47), for the preference `system`
 */
export function languageOf(preference: 'system' | Language, system: string): Language {
  if (preference !== 'system') return preference;
  return /^zh\b/i.test(system) ? 'zh-CN' : 'en';
}

/** The texts in the language of a preference. Pure. @param system as of `languageOf` */
export function desktopTexts(preference: 'system' | Language, system: string): DesktopTexts {
  return texts[languageOf(preference, system)];
}

/** A text with every `{name}` replaced by what `params` has for it. Pure. */
export function fill(text: string, params: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
