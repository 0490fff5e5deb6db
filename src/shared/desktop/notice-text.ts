import type { Notice } from './notices';
import { type DesktopTexts, fill } from './texts';

/** The words of a notice. Pure. */
export function noticeText(notice: Notice, texts: DesktopTexts): { title: string; body: string } {
  const params = { name: notice.name, reason: notice.error?.message ?? '' };
  return {
    title: fill(texts.notice[notice.kind], params),
    body: fill(texts.notice[`${notice.kind}Text`], params),
  };
}
