import { z } from 'zod';
import { phrases } from './table';

/**
 * A sentence of fixed wording that one process tells and another shows. What travels is its key with what is filled
 * in; the renderer has it in the person's language, and everybody else (logs, the command line) the English text.
 */
export interface PhraseRef {
  /** A key of `phrases`, such as `qemu.notInstalled`. */
  key: string;
  params?: Record<string, string | number | PhraseRef>;
}

export const phraseRef: z.ZodType<PhraseRef> = z.lazy(() =>
  z.object({
    key: z.string().max(100),
    params: z.record(z.string().max(40), z.union([z.string(), z.number(), phraseRef])).optional(),
  }),
);

/** A phrase on its way between processes: its English text, and what it is. */
export const saidPhrase = z.object({ text: z.string().max(10_000), ref: phraseRef });
export type SaidPhrase = z.infer<typeof saidPhrase>;

type Groups = typeof phrases;
export type PhraseKey = {
  [G in keyof Groups & string]: `${G}.${keyof Groups[G] & string}`;
}[keyof Groups & string];

/** A `PhraseRef` with its English text. */
export class Phrase {
  constructor(
    readonly text: string,
    readonly ref: PhraseRef,
  ) {}
}

/** The phrase of this key, with every `{name}` replaced by what `params` has for it. Pure. */
export function phrase(key: PhraseKey, params: Record<string, string | number | Phrase> = {}): Phrase {
  const [group = '', name = ''] = key.split('.');
  const template = (phrases as Record<string, Record<string, string>>)[group]?.[name] ?? key;
  const text = template.replace(/\{(\w+)\}/g, (whole, param: string) => {
    const value = params[param];
    if (value === undefined) return whole;
    return value instanceof Phrase ? value.text : String(value);
  });
  const given = Object.entries(params).map(([param, value]) => [
    param,
    value instanceof Phrase ? value.ref : value,
  ]);
  return new Phrase(text, given.length > 0 ? { key, params: Object.fromEntries(given) } : { key });
}
