import { toErrorValue } from '@shared/errors';
import type { RunningMachine } from './engine';

/** How patient freezing and thawing are, in milliseconds. */
export interface FreezeLimits {
  /** A guest that needs longer to put its files in order is not waited for. */
  freeze: number;
  /** Between two attempts to thaw. */
  again: number;
}

const usualLimits: FreezeLimits = { freeze: 10_000, again: 1000 };
/** After so many attempts in vain the caller goes on; the attempts do too. */
const attempts = 3;

/**
 * Does something while the guest's file systems are in order and nothing writes to them, where something in the guest
 * can see to that; otherwise simply does it. Whatever happens the guest is thawed: it would stand still for ever.
 *
 * @param log told what did not work
 * @throws what `task` throws
 */
export async function withFrozenDisks<T>(
  machine: Pick<RunningMachine, 'freezeDisks' | 'thawDisks'>,
  log: (line: string) => void,
  task: () => Promise<T>,
  limits: FreezeLimits = usualLimits,
): Promise<{ result: T; frozen: boolean }> {
  const state = machine.freezeDisks ? await freeze(machine.freezeDisks(), log, limits.freeze) : 'cannot';
  try {
    return { result: await task(), frozen: state === 'frozen' };
  } finally {
    // One that did not answer in time may still do it.
    if (state !== 'cannot') await thaw(machine, log, limits.again);
  }
}

async function freeze(
  asked: Promise<boolean>,
  log: (line: string) => void,
  limitMs: number,
): Promise<'frozen' | 'cannot' | 'unknown'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unknown'>((resolve) => {
    timer = setTimeout(() => {
      log(`The guest did not freeze its file systems within ${limitMs / 1000} seconds.`);
      resolve('unknown');
    }, limitMs);
  });
  const answer = asked.then(
    (frozen) => (frozen ? ('frozen' as const) : ('cannot' as const)),
    (error: unknown) => {
      log(`The guest does not freeze its file systems: ${toErrorValue(error).message}`);
      return 'unknown' as const;
    },
  );
  const state = await Promise.race([answer, late]);
  clearTimeout(timer);
  return state;
}

/** Resolves when the guest is thawed, or when that takes so long that it is tried again behind the caller's back. */
async function thaw(
  machine: Pick<RunningMachine, 'thawDisks'>,
  log: (line: string) => void,
  againMs: number,
): Promise<void> {
  let tried = 0;
  let patient: () => void = () => {};
  const impatient = new Promise<void>((resolve) => (patient = resolve));
  const thawed = (async () => {
    for (;;) {
      try {
        return await machine.thawDisks?.();
      } catch (error) {
        const { code, message } = toErrorValue(error);
        if (++tried <= attempts) log(`The guest’s file systems are still frozen: ${message}`);
        if (tried === attempts) patient();
        // A machine that is gone has nothing to thaw.
        if (code === 'ipc.closed' || code === 'machine.wrong-state') return;
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  })();
  await Promise.race([thawed, impatient]);
}
