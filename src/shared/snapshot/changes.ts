import { z } from 'zod';
import type { MachineConfig } from '../machine/config';

/** One setting that two configurations have different values for; `path` like `nics.nic0.model`. */
export const settingChange = z.object({
  path: z.string(),
  /** Undefined where there is no such setting. */
  a: z.unknown().optional(),
  b: z.unknown().optional(),
});
export type SettingChange = z.infer<typeof settingChange>;

/** What is not a setting: identity, texts, and where the disks lie, which every snapshot changes. */
const notSettings = new Set([
  'kept',
  'automaticSnapshots',
  'discardOnPowerOff',
  'schema',
  'id',
  'created',
  'name',
  'notes',
  'snapshot',
]);

/** The settings that differ between two configurations, in the order of the first. Pure. */
export function settingChanges(a: MachineConfig, b: MachineConfig): SettingChange[] {
  const left = flatten(a);
  const right = flatten(b);
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((path) => ({ path, a: left.get(path), b: right.get(path) }))
    .filter((change) => JSON.stringify(change.a) !== JSON.stringify(change.b));
}

function flatten(config: MachineConfig): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [key, value] of Object.entries(config)) {
    if (!notSettings.has(key)) add(flat, key, value);
  }
  for (const { id } of config.disks) flat.delete(`disks.${id}.path`);
  return flat;
}

function add(flat: Map<string, unknown>, path: string, value: unknown): void {
  if (Array.isArray(value) && value.every(hasId)) {
    for (const { id, ...rest } of value) {
      for (const [key, inner] of Object.entries(rest)) add(flat, `${path}.${id}.${key}`, inner);
    }
  } else {
    flat.set(path, value);
  }
}

function hasId(value: unknown): value is { id: string } {
  return typeof (value as { id?: unknown } | null)?.id === 'string';
}

export const snapshotComparison = z.object({
  settings: z.array(settingChange),
  a: z.object({ ownBytes: z.number(), memoryBytes: z.number(), memory: z.boolean() }),
  b: z.object({ ownBytes: z.number(), memoryBytes: z.number(), memory: z.boolean() }),
  /** The nearest snapshot that both go on from (or one of them); null without one. */
  commonAncestor: z.string().nullable(),
});
export type SnapshotComparison = z.infer<typeof snapshotComparison>;
