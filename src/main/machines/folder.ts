import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import { machineId, type MachineConfig } from '@shared/machine/config';
import { readMachineConfig } from '@shared/machine/migrate';
import { phrase } from '@shared/phrases/phrase';
import { readJsonWithCopy, writeWithCopy } from '../platform/atomic-file';
import { layoutOf } from './layout';

/** What a machine's folder says of itself. */
export interface FolderContents {
  folder: string;
  /** From the configuration; where that cannot be read, one made of the folder's path. */
  id: string;
  name: string;
  /** Null when the machine cannot be used; `problem` then says why. */
  config: MachineConfig | null;
  problem: ErrorValue | null;
  /** When the machine's state was saved: ISO 8601, UTC. Null when there is no saved state. */
  savedAt: string | null;
  /** `machine.json` was torn, and its last good copy was taken. */
  fromCopy: boolean;
}

/** Reads what is in a machine's folder. Never rejects: what is wrong is part of the answer. */
export async function readFolder(folder: string): Promise<FolderContents> {
  const contents: FolderContents = {
    folder,
    id: idOfPath(folder),
    name: basename(folder),
    config: null,
    problem: null,
    savedAt: null,
    fromCopy: false,
  };
  let raw: unknown;
  try {
    const read = await readJsonWithCopy(layoutOf(folder).config);
    raw = read.value;
    contents.fromCopy = read.fromCopy;
  } catch (error) {
    return { ...contents, problem: unreadable(folder, error) };
  }
  Object.assign(contents, identityOf(raw, contents));
  try {
    contents.config = readMachineConfig(raw);
  } catch (error) {
    return { ...contents, problem: toErrorValue(error) };
  }
  contents.savedAt = await savedAt(folder);
  return contents;
}

/** Writes a machine's configuration, the last good copy after it. @throws Failure `file.*` */
export async function writeConfig(folder: string, config: MachineConfig): Promise<void> {
  try {
    await writeWithCopy(layoutOf(folder).config, `${JSON.stringify(config, null, 2)}\n`);
  } catch (error) {
    throw new Failure(toErrorValue(error).code, phrase('machine.notWritten', { folder }), {
      cause: error,
    });
  }
}

async function savedAt(folder: string): Promise<string | null> {
  try {
    const status = await stat(layoutOf(folder).savedState);
    return status.isFile() ? status.mtime.toISOString() : null;
  } catch {
    return null; // none, or one that nobody can read; starting then says more
  }
}

/** Id and name as far as they can be made out of a configuration that may be anything. */
function identityOf(raw: unknown, fallback: { id: string; name: string }): { id: string; name: string } {
  const { id, name } = (raw ?? {}) as { id?: unknown; name?: unknown };
  const parsed = machineId.safeParse(id);
  return {
    id: parsed.success ? parsed.data : fallback.id,
    name: typeof name === 'string' && name !== '' ? name.slice(0, 200) : fallback.name,
  };
}

/** A stable key for a folder whose configuration does not tell one. */
export function idOfPath(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 16);
}

function unreadable(folder: string, error: unknown): ErrorValue {
  if (error instanceof SyntaxError) {
    return new Failure('machine.config-invalid', phrase('problem.damagedConfig'), {
      hint: phrase('problem.damagedConfigHint', { path: layoutOf(folder).config }),
      cause: error.message,
    }).toValue();
  }
  const { code } = toErrorValue(error);
  const message = phrase(code === 'file.not-found' ? 'problem.noMachineThere' : 'problem.unreadableMachine', {
    folder,
  });
  return new Failure(code === 'internal' ? 'file.io' : code, message, {
    hint: phrase('problem.unreadableMachineHint'),
    cause: error,
  }).toValue();
}
