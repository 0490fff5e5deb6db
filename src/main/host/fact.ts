import type { HostReport } from '@shared/host/report';
import { Phrase, type PhraseRef } from '@shared/phrases/phrase';

/** Something that is there or missing on this computer. */
export type Fact = HostReport['facts'][number];

/** What is said about a fact: phrases where the wording is fixed, plain text for names and what others say. */
export interface FactTexts {
  title: string | Phrase;
  detail: string | Phrase;
  hint?: string | Phrase | undefined;
}

/** Puts a fact together for the contract. Pure. */
export function makeFact(id: string, status: Fact['status'], texts: FactTexts): Fact {
  const { title, detail, hint } = texts;
  const phrases: Record<string, PhraseRef> = {};
  for (const [name, said] of Object.entries(texts) as [string, string | Phrase | undefined][]) {
    if (said instanceof Phrase) phrases[name] = said.ref;
  }
  return {
    id,
    status,
    title: textOf(title),
    detail: textOf(detail),
    ...(hint === undefined ? {} : { hint: textOf(hint) }),
    phrases,
  };
}

function textOf(said: string | Phrase): string {
  return said instanceof Phrase ? said.text : said;
}
