import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { platformOfType } from '@shared/engine/qemu/platform';
import { phrase } from '@shared/phrases/phrase';
import { runtimeFolder } from '../../platform/paths';
import { QmpClient } from '../../platform/qmp/qmp-client';
import { queryAudioDrivers } from './audio';

/** How long an emulator may take to start and to answer, in milliseconds. */
const answerMs = 60_000;
const stderrLimit = 4000;
/** How long the last words of one that has ended are waited for, in milliseconds. */
const lastWordsMs = 3000;

/** What one emulator can do, as it says itself. */
export const emulatorFacts = z.object({
  version: z.string(),
  machines: z.array(z.object({ name: z.string(), maxCpus: z.number().int() })),
  /** Types of processors. */
  processors: z.array(z.string()),
  /** Names of processor models that a person can choose. */
  cpuModels: z.array(z.string()),
  devices: z.array(z.string()),
  characterDevices: z.array(z.string()),
  /** Drivers for sound; whether they find something to play on is another question. */
  audioDrivers: z.array(z.string()),
  /** Compiled in; whether they work is another question. */
  accelerators: z.array(z.string()),
  sandbox: z.boolean(),
});
export type EmulatorFacts = z.infer<typeof emulatorFacts>;

/**
 * Starts an emulator without a machine and asks it. Nothing of it is left afterwards.
 *
 * @throws Failure `engine.failed` with its last words, `timeout`
 */
export async function queryEmulator(binary: string): Promise<EmulatorFacts> {
  const folder = await mkdtemp(join(await runtimeFolder(), 'ask-'));
  const socket = join(folder, 'qmp');
  const args = ['-M', 'none', '-nodefaults', '-no-user-config', '-display', 'none', '-S'];
  const child = spawn(binary, [...args, '-qmp', `unix:${socket.replaceAll(',', ',,')},server=on,wait=off`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  const gone = new AbortController();
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-stderrLimit);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      stderr += error.message;
      resolve();
    });
    child.once('exit', () => {
      // What it said last may still be on the way; something that it started may keep that open for ever.
      const timer = setTimeout(resolve, lastWordsMs);
      child.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }).then(() => gone.abort());
  try {
    const client = await QmpClient.connect({ path: socket }, { timeoutMs: answerMs, signal: gone.signal });
    try {
      return { ...(await ask(client)), audioDrivers: await queryAudioDrivers(binary) };
    } finally {
      await client.execute('quit', {}, 1000).catch(() => client.close()); // killed below if it stays
    }
  } catch (error) {
    throw new Failure('engine.failed', phrase('qemu.silent', { path: binary }), {
      cause: stderr.trim() || error,
      hint: phrase('qemu.silentHint'),
    });
  } finally {
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    await exited;
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(client: QmpClient): Promise<Omit<EmulatorFacts, 'audioDrivers'>> {
  const names = async (type: string): Promise<string[]> => {
    const types = await client.execute('qom-list-types', { implements: type, abstract: false });
    return types.map(({ name }) => name).sort();
  };
  const machines = await client.execute('query-machines', {});
  const sandbox = await client
    .execute('query-command-line-options', { option: 'sandbox' })
    .catch(refusedAs([])); // an emulator that was built without it does not know the option
  return {
    version: client.version,
    machines: machines
      .filter(({ name }) => platformOfType(name) !== undefined)
      .map(({ name, 'cpu-max': maxCpus }) => ({ name, maxCpus })),
    processors: await names('cpu'),
    cpuModels: await cpuModels(client),
    devices: await names('device'),
    characterDevices: (await names('chardev')).map((name) => name.replace(/^chardev-/, '')),
    accelerators: (await names('accel')).map((name) => name.replace(/-accel$/, '')),
    sandbox: sandbox.some(({ parameters }) => parameters.length > 0),
  };
}

/**
 * Without the versions of each model, of which the board's own version chooses the right one. Emulators of some
 * architectures do not tell their models. `host` is what is chosen anyway where it works.
 */
async function cpuModels(client: QmpClient): Promise<string[]> {
  const models = await client.execute('query-cpu-definitions', {}).catch(refusedAs([]));
  return models
    .map(({ name }) => name)
    .filter((name) => name !== 'host' && !/-v\d+$/.test(name) && /^[\w.+-]{1,64}$/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function refusedAs<T>(value: T[]): (error: unknown) => T[] {
  return (error) => {
    if (error instanceof Failure && error.code === 'engine.failed') return value;
    throw error;
  };
}
