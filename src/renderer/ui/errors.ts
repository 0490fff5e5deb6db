import { toErrorValue, type ErrorValue } from '@shared/errors';
import type { PhraseRef } from '@shared/phrases/phrase';
import { i18n } from '../i18n';

/** The key of an error's translated title. */
export function errorTitleKey(code: ErrorValue['code']): string {
  return `error.${code.replaceAll('.', '-')}`;
}

/** A phrase in the person's language; what is not known here (main may be newer) stays as it was said. */
export function phraseText(ref: PhraseRef | undefined, said: string): string {
  const { t, te } = i18n.global;
  if (!ref || !te(`phrases.${ref.key}`, 'en')) return said;
  const params = Object.entries(ref.params ?? {}).map(([name, value]) => [
    name,
    typeof value === 'object' ? phraseText(value, value.key) : value,
  ]);
  return t(`phrases.${ref.key}`, Object.fromEntries(params) as Record<string, string | number>);
}

/** What to show of anything that was thrown: a translated title, what happened, and what to do. */
export interface ErrorText {
  title: string;
  message: string;
  hint?: string;
  /** The errors that led to it, the nearest first, each with its code. */
  causes: string[];
}

export function errorText(thrown: unknown): ErrorText {
  const value = toErrorValue(thrown);
  const causes: string[] = [];
  for (let cause = value.cause; cause; cause = cause.cause) {
    causes.push(`${cause.code}: ${phraseText(cause.phrases?.message, cause.message)}`);
  }
  return {
    title: i18n.global.t(errorTitleKey(value.code)),
    message: phraseText(value.phrases?.message, value.message),
    hint: value.hint === undefined ? undefined : phraseText(value.phrases?.hint, value.hint),
    causes,
  };
}
