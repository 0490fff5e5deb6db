import { Failure, toErrorValue, saidBy } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import { lockMachine, type MachineLock } from '../../platform/machine-lock';
import type { EngineEvents, RunningMachine } from './engine';
import { engineOf } from './engines/engines';
import { StatisticsRecorder } from './statistics-recorder';
import { Thumbnails } from './thumbnails';

/** A machine that has been launched. */
export interface Session {
  /** Changes with its devices. */
  config: MachineConfig;
  readonly machine: RunningMachine;
  readonly statistics: StatisticsRecorder;
  readonly thumbnails: Thumbnails;
  readonly lock: MachineLock;
}

/**
 * Takes the machine's lock and starts its guest, or restores it.
 *
 * @param trouble told what does not work, though the machine runs
 * @throws Failure `machine.locked`, and as `Engine.plan` and `Engine.launch`; nothing is left of it then
 */
export async function beginSession(
  config: MachineConfig,
  paths: LaunchPaths,
  events: EngineEvents,
  trouble: (line: string) => void,
): Promise<Session> {
  const { engine } = engineOf(config.engine);
  const plan = engine.plan(config, paths);
  const lock = await takeLock(paths.folder, (line) => events.log(line));
  try {
    if (lock.ended > 0) events.notice?.(phrase('qemu.oldEnded', { name: config.name }));
    const machine = await engine.launch(plan, events);
    if (paths.savedState === null) await startWithTarget(machine, config, trouble);
    return {
      config,
      machine,
      lock,
      statistics: record(machine, trouble),
      thumbnails: picture(machine, trouble),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** @throws Failure `machine.locked`, `file.*` */
async function takeLock(folder: string, log: (line: string) => void): Promise<MachineLock> {
  const lock = await lockMachine(folder, log).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'machine.locked') throw error;
    const { code } = toErrorValue(error);
    throw new Failure(code, phrase('machine.noLock', { reason: saidBy(error) }), { cause: error });
  });
  if (lock) return lock;
  throw new Failure('machine.locked', phrase('problem.lockedFolder'), {
    hint: phrase('problem.lockedFolderHint'),
  });
}

/** A guest that starts with all of its memory is no reason not to start. */
async function startWithTarget(
  machine: RunningMachine,
  { memoryMiB, memoryTargetMiB }: MachineConfig,
  trouble: (line: string) => void,
): Promise<void> {
  if (memoryTargetMiB === undefined || memoryTargetMiB >= memoryMiB) return;
  await machine.setMemoryTarget?.(memoryTargetMiB).catch((error: unknown) => {
    trouble(`The guest keeps all of its memory: ${toErrorValue(error).message}`);
  });
}

function record(machine: RunningMachine, trouble: (line: string) => void): StatisticsRecorder {
  return new StatisticsRecorder(
    (watched) => machine.statistics(watched),
    (error) => trouble(`No statistics: ${toErrorValue(error).message}`),
  );
}

function picture(machine: RunningMachine, trouble: (line: string) => void): Thumbnails {
  return new Thumbnails(
    () => machine.preview?.() ?? machine.capture(),
    (error) => trouble(`No thumbnails: ${toErrorValue(error).message}`),
  );
}
