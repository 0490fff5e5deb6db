import { type Language, languages, phrasesIn } from '@shared/phrases/languages';
import { createI18n } from 'vue-i18n';

/**
 * Messages are split by feature: `en/library.ts` holds what is called `library.…`. English is the reference; every
 * other language has the same files with the same keys, which a test checks. Phrases, which other processes tell too,
 * are in `@shared/phrases`.
 */
export { languages };
export type { Language };

interface MessageTree {
  [key: string]: string | MessageTree;
}

const files = import.meta.glob<MessageTree>('./*/*.ts', { eager: true, import: 'default' });

/** All messages of a language, by feature. */
export function messagesOf(language: Language): MessageTree {
  const prefix = `./${language}/`;
  const features = Object.entries(files)
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, messages]) => [path.slice(prefix.length, -'.ts'.length), messages] as const);
  return { ...Object.fromEntries(features), phrases: phrasesIn(language) };
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en: messagesOf('en'), 'zh-CN': messagesOf('zh-CN') },
});

/** The best language for what the system prefers (BCP 47 tags, the most wanted first). */
export function matchLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

/** Switches the page to a language; `system` follows the operating system. */
export function setLanguage(preference: 'system' | Language): void {
  const language = preference === 'system' ? matchLanguage(navigator.languages) : preference;
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}
