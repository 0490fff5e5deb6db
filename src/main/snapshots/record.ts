import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { innerPath } from '@shared/machine/config';
import { storedConfig } from '@shared/machine/migrate';
import { automaticReason } from '@shared/snapshot/automatic';
import { snapshotDescription, snapshotId, snapshotState } from '@shared/snapshot/snapshot';

/** What an image was like when it was frozen: it must not change again. `mtimeMs` in milliseconds since 1970. */
export const imageSignature = z.object({
  bytes: z.number(),
  mtimeMs: z.number(),
  /** Of all of its bytes: since somebody asked for their comparison. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type ImageSignature = z.infer<typeof imageSignature>;

/** `snapshot.json`. Unknown fields survive. */
export const snapshotRecord = z.looseObject({
  schema: z.literal(1),
  id: snapshotId,
  parent: snapshotId.nullable(),
  name: z.string().max(200),
  description: snapshotDescription,
  createdAt: z.string().max(40),
  state: snapshotState,
  engineVersion: z.string().max(64),
  /** Why it was taken, where nobody asked for it. */
  automatic: automaticReason.optional(),
  /** The frozen images are those that its disks name. */
  config: storedConfig,
  /** Whether the guest's file systems were frozen; missing where that was no question, or nobody knows. */
  frozen: z.boolean().optional(),
  /** By the disks' ids. */
  images: z.record(z.string(), imageSignature),
  /** Images below its own that are shared with another machine, so that merging them would only cost space. */
  base: z.array(innerPath).optional(),
});
export type SnapshotRecord = z.infer<typeof snapshotRecord>;

/** Where the files of a snapshot are, relative to the machine's folder, with forward slashes. */
export function filesOf(id: string): {
  folder: string;
  record: string;
  memory: string;
  screen: string;
  firmware: string;
} {
  const folder = `snapshots/${id}`;
  return {
    folder,
    record: `${folder}/snapshot.json`,
    memory: `${folder}/memory.viv`,
    screen: `${folder}/screen.png`,
    firmware: `${folder}/firmware`,
  };
}

/** An absolute path of one inside a machine's folder. */
export function inFolder(folder: string, inner: string): string {
  return join(folder, ...inner.split('/'));
}

/**
 * The snapshots in a machine's folder, oldest first.
 *
 * @throws Failure `snapshot.broken` when one of them cannot be read, `file.*`
 */
export async function readRecords(folder: string): Promise<SnapshotRecord[]> {
  const records = await Promise.all((await snapshotIds(folder)).map((id) => readRecord(folder, id)));
  return inOrder(records);
}

async function snapshotIds(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(join(folder, 'snapshots'));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw new Failure(toErrorValue(error).code, phrase('snapshot.listUnreadable', { folder }), {
      cause: error,
    });
  }
  return names.filter((name) => snapshotId.safeParse(name).success);
}

/** The same, without those that cannot be read: their ids are in `broken`. @throws Failure `file.*` */
export async function readUsableRecords(
  folder: string,
): Promise<{ records: SnapshotRecord[]; broken: string[] }> {
  const broken: string[] = [];
  const records: SnapshotRecord[] = [];
  for (const id of await snapshotIds(folder)) {
    try {
      records.push(await readRecord(folder, id));
    } catch {
      broken.push(id); // why is told by whatever needs all of them
    }
  }
  return { records: inOrder(records), broken };
}

/** @throws Failure `snapshot.broken` */
async function readRecord(folder: string, id: string): Promise<SnapshotRecord> {
  const path = inFolder(folder, filesOf(id).record);
  try {
    const record = snapshotRecord.parse(JSON.parse(await readFile(path, 'utf8')));
    if (record.id !== id) throw new Error('It is the record of another snapshot.');
    return record;
  } catch (error) {
    throw new Failure('snapshot.broken', phrase('snapshot.unreadable', { path }), {
      hint: phrase('snapshot.unreadableHint'),
      cause: error,
    });
  }
}

/** By time, but parents always before their children, whatever the clock did. */
function inOrder(records: SnapshotRecord[]): SnapshotRecord[] {
  const left = [...records].sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1));
  const ids = new Set(records.map(({ id }) => id));
  const placed = new Set<string>();
  const result: SnapshotRecord[] = [];
  while (left.length > 0) {
    const index = left.findIndex(({ parent }) => parent === null || placed.has(parent) || !ids.has(parent));
    const [next] = left.splice(Math.max(0, index), 1);
    if (!next) break;
    placed.add(next.id);
    result.push(next);
  }
  return result;
}

/** The images as they are now. @throws the errors of `node:fs` */
export async function signImages(
  folder: string,
  record: Pick<SnapshotRecord, 'config'>,
): Promise<Record<string, ImageSignature>> {
  const images: Record<string, ImageSignature> = {};
  for (const { id, path } of record.config.disks) {
    const { size, mtimeMs } = await stat(inFolder(folder, path));
    images[id] = { bytes: size, mtimeMs };
  }
  return images;
}
