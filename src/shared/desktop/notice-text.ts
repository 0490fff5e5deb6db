import { type Language, phraseIn } from '../phrases/languages';
import type { Notice } from './notices';
import { desktopTextsIn, fill } from './texts';

/** The words of a notice. Pure. */
export function noticeText(notice: Notice, language: Language): { title: string; body: string } {
  const texts = desktopTextsIn(language);
  const { error, name } = notice;
  const reason = error ? phraseIn(language, error.phrases?.message, error.message) : '';
  return {
    title: fill(texts.notice[notice.kind], { name, reason }),
    body: fill(texts.notice[`${notice.kind}Text`], { name, reason }),
  };
}
