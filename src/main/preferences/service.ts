import { join } from 'node:path';
import { preferences as schema, type Preferences } from '@shared/ipc/contract';
import { readJsonWithCopy, writeWithCopy } from '../platform/atomic-file';
import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';

const defaults: Preferences = { theme: 'system', language: 'system', libraryView: 'cards' };

/**
 * What a person prefers, in `<data>/preferences.json`. A value that does not fit counts as not set; fields of a
 * newer version survive.
 */
export class PreferencesService {
  private constructor(
    private readonly path: string,
    private stored: Record<string, unknown>,
    private current: Preferences,
    private readonly emit: EmitEvent,
  ) {}

  static async load(dataFolder: string, emit: EmitEvent, log: Log): Promise<PreferencesService> {
    const path = join(dataFolder, 'preferences.json');
    const stored = await read(path, log);
    return new PreferencesService(path, stored, fitting(stored), emit);
  }

  get(): Preferences {
    return this.current;
  }

  /** @throws the errors of `node:fs`; the preferences stay as they were then */
  async set(change: Partial<Preferences>): Promise<Preferences> {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const stored = { ...this.stored, ...Object.fromEntries(given) };
    await writeWithCopy(this.path, `${JSON.stringify(stored, null, 2)}\n`);
    this.stored = stored;
    this.current = fitting(stored);
    this.emit({ name: 'preferences.changed', value: this.current });
    return this.current;
  }
}

async function read(path: string, log: Log): Promise<Record<string, unknown>> {
  try {
    const { value } = await readJsonWithCopy(path);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    log.warn(`${path} does not hold preferences; the usual ones are used`);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') log.warn(`${path} cannot be read`, error);
  }
  return {};
}

/** Takes each preference by itself, so that one bad value does not cost the others. */
function fitting(stored: Record<string, unknown>): Preferences {
  const result: Record<string, unknown> = { ...defaults };
  for (const [name, field] of Object.entries(schema.shape)) {
    const parsed = field.safeParse(stored[name]);
    if (parsed.success) result[name] = parsed.data;
  }
  return schema.parse(result);
}
