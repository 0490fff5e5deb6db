import { toErrorValue, type ErrorValue } from '@shared/errors';
import { i18n } from '../i18n';

/** The key of an error's translated title. */
export function errorTitleKey(code: ErrorValue['code']): string {
  return `error.${code.replaceAll('.', '-')}`;
}

/** What to show of anything that was thrown: a translated title, main's own sentence, and what to do. */
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
  for (let cause = value.cause; cause; cause = cause.cause) causes.push(`${cause.code}: ${cause.message}`);
  return {
    title: i18n.global.t(errorTitleKey(value.code)),
    message: value.message,
    hint: value.hint,
    causes,
  };
}
