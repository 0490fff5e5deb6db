import { z } from 'zod';
import { Failure, toErrorValue } from '../errors';
import { currentSchema, machineConfig, type MachineConfig } from './config';
import { phrase } from '../phrases/phrase';

/** Turns a configuration of one schema version into one of the next. Unknown fields are carried over. */
export type Migration = (old: Record<string, unknown>) => Record<string, unknown>;

/** By the version that they start from. A version that was ever released never leaves this table. */
export const machineMigrations: Readonly<Record<number, Migration>> = {};

const versioned = z.looseObject({ schema: z.number().int().min(0) });

/**
 * Makes a configuration of this build's schema of what stands in a `machine.json`.
 *
 * @throws Failure `machine.config-newer`, `machine.config-invalid`
 */
export function readMachineConfig(
  raw: unknown,
  migrations: Readonly<Record<number, Migration>> = machineMigrations,
): MachineConfig {
  const head = versioned.safeParse(raw);
  if (!head.success) {
    throw new Failure('machine.config-invalid', phrase('machine.notAConfig'), {
      hint: phrase('machine.notAConfigHint'),
      cause: z.prettifyError(head.error),
    });
  }
  let config: Record<string, unknown> = head.data;
  let version = head.data.schema;
  if (version > currentSchema) {
    throw new Failure(
      'machine.config-newer',
      phrase('problem.newerConfig', { schema: version, known: currentSchema }),
      { hint: phrase('problem.newerConfigHint') },
    );
  }
  for (; version < currentSchema; version++) {
    const migration = migrations[version];
    if (!migration) {
      throw new Failure('machine.config-invalid', phrase('machine.noSchema', { version }));
    }
    config = { ...migration(config), schema: version + 1 };
  }
  const parsed = machineConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new Failure('machine.config-invalid', phrase('problem.wrongConfig'), {
    hint: phrase('problem.wrongConfigHint'),
    cause: z.prettifyError(parsed.error),
  });
}

/** A configuration inside another file, such as a snapshot's record: of this schema version or of one before it. */
export const storedConfig = z.unknown().transform((raw, context): MachineConfig => {
  try {
    return readMachineConfig(raw);
  } catch (error) {
    context.addIssue({ code: 'custom', message: toErrorValue(error).message });
    return z.NEVER;
  }
});
