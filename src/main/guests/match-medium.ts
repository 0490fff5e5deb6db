import { createContext, Script } from 'node:vm';
import type { IsoIdentity } from './iso-identity';
import type { OsMedium, OsRecord } from './osinfo-xml';

/** All patterns of a database take a hundredth of this; one that is made to take for ever is cut off. */
const limitMs = 500;

/** Runs where it can be interrupted: patterns come from files. `tests`: pairs of a pattern and a text. */
const matching = new Script(`tests.map(([pattern, text]) => {
  try { return new RegExp(pattern).test(text); } catch { return false; }
})`);

/**
 * The system whose installation image this is, and the medium that says so; the most particular one where several
 * fit. Undefined when none does. Patterns are searched for anywhere in a field, as libosinfo does.
 */
export function findSystem(
  systems: Iterable<OsRecord>,
  identity: IsoIdentity,
): { system: OsRecord; medium: OsMedium } | undefined {
  if (identity.volumeId === '') return undefined;
  const candidates = [...systems].flatMap((system) =>
    system.media
      .filter(({ volumeSize }) => volumeSize === undefined || volumeSize === identity.volumeSize)
      .map((medium) => ({ system, medium })),
  );
  const tests = candidates.map(({ medium }) => [medium.volumeId, identity.volumeId] as const);
  const byVolume = candidates.filter(matches(tests));
  const fitting = byVolume.filter(({ medium }) =>
    othersOf(medium, identity)
      .map((test) => matches([test])(undefined, 0))
      .every(Boolean),
  );
  return fitting.reduce<(typeof fitting)[number] | undefined>(
    (best, one) => (best && particularity(best.medium) >= particularity(one.medium) ? best : one),
    undefined,
  );
}

function othersOf(medium: OsMedium, identity: IsoIdentity): (readonly [string, string])[] {
  const { systemId, publisherId, applicationId } = medium;
  return [
    [systemId, identity.systemId] as const,
    [publisherId, identity.publisherId] as const,
    [applicationId, identity.applicationId] as const,
  ].flatMap(([pattern, text]) => (pattern === undefined ? [] : [[pattern, text] as const]));
}

/** By position, whether a test succeeds; none does when they take too long. */
function matches(tests: readonly (readonly [string, string])[]): (_: unknown, index: number) => boolean {
  let results: unknown;
  try {
    results = matching.runInContext(createContext({ tests }), { timeout: limitMs });
  } catch {
    return () => false; // a pattern without end
  }
  return (_, index) => Array.isArray(results) && results[index] === true;
}

/** The more a medium says of itself the better it is known. */
function particularity({ volumeId, systemId, publisherId, applicationId, volumeSize }: OsMedium): number {
  const fields = [systemId, publisherId, applicationId, volumeSize].filter((value) => value !== undefined);
  return fields.length * 1000 + volumeId.length;
}
