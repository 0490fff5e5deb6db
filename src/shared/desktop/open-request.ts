import { z } from 'zod';
import { machineId } from '../machine/config';

/** The scheme of our links: `vivarium://open/<machine id>`. */
export const linkScheme = 'vivarium';

/** What somebody asks the program to open: a machine by a link, or a file or folder by its absolute path. */
export const openRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('machine'), id: machineId }),
  z.strictObject({ kind: z.literal('path'), path: z.string().min(1).max(4096) }),
]);
export type OpenRequest = z.infer<typeof openRequest>;

/** So much is opened at once, at most: more is an accident. */
export const mostRequests = 8;

const openLink = /^vivarium:\/\/open\/([a-z0-9]{16})\/?$/i;

/** Whether a word is one of our links, be it a good one or not. */
export function isLink(word: string): boolean {
  return word.toLowerCase().startsWith(`${linkScheme}:`);
}

/**
 * What a link asks for. Any web page can have links of this kind: all that one can do is show a machine that there
 * is, and whatever does not look exactly like that is nothing.
 */
export function parseLink(link: string): OpenRequest | undefined {
  const id = openLink.exec(link)?.[1];
  // Systems may give the scheme and what follows in capitals; ids are in small letters.
  return id === undefined ? undefined : { kind: 'machine', id: id.toLowerCase() };
}
