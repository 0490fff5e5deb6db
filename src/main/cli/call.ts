import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import type { Commands } from '@shared/ipc/contract';
import type { ParamsInput } from '@shared/ipc/rpc';
import { shownOf } from './columns';
import { wholeNumber } from './commands/options';
import type { Client } from './connect';
import type { ContractCommand } from './contract-commands';
import { placeholder, usageOf } from './entries';
import { type Field, valueOf } from './fields';
import { findMachine, findSnapshot } from './find';
import { reachGoal, usualSeconds, waits } from './goals';
import { waitForJob } from './jobs';
import { type Output, printResult } from './output';
import { UsageError } from './usage-error';

/** The values on a command line for a command of the contract, before names have become ids. */
export interface Given {
  values: Map<Field, unknown>;
  /** A job is only begun. */
  noWait: boolean;
  /** So many seconds are waited for what the command leads to; undefined: not at all. */
  waitSeconds: number | undefined;
}

/** Pure. @throws UsageError */
export function parseGiven(command: ContractCommand, words: readonly string[]): Given {
  const { positionals, options } = command;
  const flags: NonNullable<ParseArgsConfig['options']> = {
    ...(command.job && { 'no-wait': { type: 'boolean' } }),
    ...(waits[command.name] && { wait: { type: 'boolean' }, timeout: { type: 'string' } }),
  };
  for (const { name, kind } of options) flags[name] = { type: kind === 'flag' ? 'boolean' : 'string' };
  const parsed = parse(words, flags);
  const values = new Map<Field, unknown>();
  parsed.positionals.forEach((word, index) => {
    const field = positionals[index];
    if (!field) throw new UsageError(`“${word}” is one word too many.`);
    values.set(field, read(field, word));
  });
  const missing = positionals[parsed.positionals.length];
  if (missing)
    throw new UsageError(
      `${placeholder(missing)} is missing. Usage: vivarium ${command.words.join(' ')} ${usageOf(command)}`,
    );
  for (const field of options) {
    const word = parsed.values[field.name];
    if (typeof word === 'string') values.set(field, read(field, word));
    else if (typeof word === 'boolean') values.set(field, word);
    else if (field.required && field.kind === 'flag') values.set(field, false);
    else if (field.required && field.nullable) values.set(field, null);
  }
  const { wait, timeout } = parsed.values;
  const seconds = wholeNumber('timeout', typeof timeout === 'string' ? timeout : undefined);
  if (seconds !== undefined && wait !== true) throw new UsageError('--timeout goes with --wait.');
  const waitSeconds = wait === true ? (seconds ?? usualSeconds) : undefined;
  return { values, noWait: parsed.values['no-wait'] === true, waitSeconds };
}

function parse(
  words: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function read(field: Field, word: string): unknown {
  try {
    return valueOf(field, word);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Asks the program, waits for the job if it is one, and prints what came of it. */
export async function callCommand(
  client: Client,
  output: Output,
  command: ContractCommand,
  { values, noWait, waitSeconds }: Given,
): Promise<void> {
  const params = await paramsOf(client, values);
  const answer: Promise<unknown> = client.call(
    command.name,
    params as ParamsInput<Commands, typeof command.name>,
  );
  if (command.job && !noWait) {
    printResult(output, await waitForJob(client, output, answer as Promise<{ jobId: string }>));
    return;
  }
  const result = await answer;
  const goal = waits[command.name];
  if (goal && waitSeconds !== undefined) await reachGoal(client, String(params['id']), goal, waitSeconds);
  if (output.json) printResult(output, result);
  else {
    const { value, columns } = shownOf(command.name, result);
    printResult(output, value, columns);
  }
}

async function paramsOf(
  client: Client,
  values: ReadonlyMap<Field, unknown>,
): Promise<Record<string, unknown>> {
  const params: Record<string, unknown> = {};
  let machine = '';
  for (const [field, value] of values) {
    const found = await idOf(client, field, value, machine);
    if (field.kind === 'machine') machine = String(found);
    const [name = '', inner] = field.path;
    if (inner === undefined) params[name] = found;
    else params[name] = { ...(params[name] as object | undefined), [inner]: found };
  }
  return params;
}

async function idOf(client: Client, { kind }: Field, value: unknown, machine: string): Promise<unknown> {
  if (typeof value === 'string' && kind === 'machine') return findMachine(client, value);
  if (typeof value === 'string' && kind === 'snapshot') return findSnapshot(client, machine, value);
  if (kind !== 'snapshots') return value;
  const ids: string[] = [];
  for (const word of value as string[]) ids.push(await findSnapshot(client, machine, word));
  return ids;
}
