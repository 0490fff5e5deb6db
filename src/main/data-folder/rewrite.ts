import { sep } from 'node:path';

/** Files that hold absolute paths, some of which lead into the data folder. */
export function holdsPaths(inner: string): boolean {
  return /^(library\.json|machines\/[^/]+\/(machine\.json|snapshots\/[^/]+\/snapshot\.json))(\.bak)?$/.test(
    inner,
  );
}

/** Fields that hold such paths; texts that a person wrote are nobody's business. */
const fields: ReadonlySet<string> = new Set(['path', 'folder', 'hidden']);

/**
 * The same text with every path into `from` leading into `to`. Undefined when there is none, or when it is not JSON:
 * then it is to be moved as it is. Pure.
 */
export function withPathsMoved(text: string, from: string, to: string): string | undefined {
  let changed = false;
  const moved = (value: unknown, field: string): unknown => {
    if (typeof value === 'string') {
      const inside = fields.has(field) && value.startsWith(from + sep);
      changed ||= inside;
      return inside ? to + value.slice(from.length) : value;
    }
    if (Array.isArray(value)) return value.map((item) => moved(item, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, moved(inner, name)]));
  };
  try {
    const value = moved(JSON.parse(text.replace(/^\ufeff/, '')), '');
    return changed ? `${JSON.stringify(value, null, 2)}\n` : undefined;
  } catch {
    return undefined; // whoever reads it where it is now finds the same
  }
}
