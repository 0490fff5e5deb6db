import { en } from './en';
import { zhCN } from './zh-CN';

/** The texts in one language: the same keys, other words. */
export type DesktopTexts = {
  [Group in keyof typeof en]: { [Key in keyof (typeof en)[Group]]: string };
};

const languages: Record<'en' | 'zh-CN', DesktopTexts> = { en, 'zh-CN': zhCN };

/**
 * The texts in the language of a preference. Pure.
 *
 * @param system what the operating system speaks (BCP 47), for the preference `system`
 */
export function desktopTexts(preference: 'system' | 'en' | 'zh-CN', system: string): DesktopTexts {
  if (preference !== 'system') return languages[preference];
  return /^zh\b/i.test(system) ? zhCN : en;
}

/** A text with every `{name}` replaced by what `params` has for it. Pure. */
export function fill(text: string, params: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
