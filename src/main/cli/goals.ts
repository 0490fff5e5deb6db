import { connect } from 'node:net';
import { Failure } from '@shared/errors';
import type { CommandName } from '@shared/ipc/contract';
import type { MachineSummary } from '@shared/machine/summary';
import type { Client } from './connect';

/** What can be waited for. */
export const goals = ['off', 'running', 'saved', 'address', 'shell'] as const;
export type Goal = (typeof goals)[number];

/** What a goal means, after “when”. */
export const goalTexts: Record<Goal, string> = {
  off: 'the machine is off',
  running: 'it runs',
  saved: 'its state is saved',
  address: 'it has an address',
  shell: 'a shell or a login prompt stands on its first serial port',
};

/** What `--wait` waits for, after commands whose effect comes by itself later. */
export const waits: Partial<Record<CommandName, Goal>> = {
  'machine.powerButton': 'off',
  'machine.start': 'shell',
};

/** How long is waited when nothing else is said. */
export const usualSeconds = 300;

/**
 * Waits until a machine has come so far.
 *
 * @returns for `address`, the address
 * @throws Failure `timeout`, `machine.crashed`, `machine.not-found`, `ipc.closed`
 */
export async function reachGoal(
  client: Client,
  id: string,
  goal: Goal,
  seconds: number,
): Promise<string | undefined> {
  const stop = new AbortController();
  const tooLong = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => {
      const what = { address: 'It has no address', shell: 'No shell has shown itself' } as Partial<
        Record<Goal, string>
      >;
      reject(new Failure('timeout', `${what[goal] ?? `It is not ${goal}`} after ${seconds} seconds.`));
    }, seconds * 1000);
    stop.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return await Promise.race([waitFor(client, id, goal, stop.signal), tooLong]);
  } finally {
    stop.abort();
  }
}

function waitFor(client: Client, id: string, goal: Goal, stop: AbortSignal): Promise<string | undefined> {
  if (goal === 'address') return addressOf(client, id, stop);
  if (goal !== 'shell') return stateOf(client, id, goal);
  // A machine that ends meanwhile never shows one.
  const running = stateOf(client, id, 'running');
  const ended = running
    .then(() => stateOf(client, id, 'off'))
    .then(() => {
      throw new Failure('machine.wrong-state', 'The machine has ended.');
    });
  return Promise.race([running.then(() => shellOn(client, id, stop)), ended]);
}

/** Resolves when the machine is in the state. @throws Failure when it crashed, or is gone */
function stateOf(client: Client, id: string, goal: Goal): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const look = (machine: MachineSummary): void => {
      if (machine.id !== id) return;
      if (machine.state === goal) resolve(undefined);
      else if (machine.state === 'aborted') {
        if (goal === 'off') resolve(undefined);
        else reject(new Failure('machine.crashed', machine.problem?.message ?? 'The machine crashed.'));
      }
    };
    client.on('machine.changed', look);
    client.on('machine.removed', (removed) => {
      if (removed.id === id) reject(new Failure('machine.not-found', 'The machine has been deleted.'));
    });
    client.onClose(() => reject(new Failure('ipc.closed', 'Vivarium has ended.')));
    client.call('machine.get', { id }).then(look, reject);
  });
}

/** How often leases are asked for, in milliseconds: they come without an event of their own. */
const askEveryMs = 500;

/** The machine's first address on a network of Vivarium's. */
async function addressOf(client: Client, id: string, stop: AbortSignal): Promise<string | undefined> {
  while (!stop.aborted) {
    const { config } = await client.call('machine.get', { id });
    const macs = new Set(config?.nics.map(({ mac }) => mac));
    const networks = await client.call('network.list', {});
    const lease = networks.flatMap(({ leases }) => leases).find(({ mac }) => macs.has(mac));
    if (lease) return lease.address;
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
  return undefined;
}

/** What a terminal shows last when somebody may type: a login prompt, or a shell's, with nothing behind it. */
const prompt = /(?:login: ?|[#$%>] ?)$/;
/** Escape sequences (ECMA-48), which colour prompts and name windows. */
const escape = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
const escapes = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\))`,
  'g',
);
/** Of the output, in characters: what a prompt can be told by. */
const tailLength = 400;
/** For how long nothing must follow a prompt, in milliseconds: boot messages have such characters too. */
const quietMs = 1000;
/**
 * When nothing has been shown for so long, in milliseconds, Enter is pressed once: a guest that went on from its saved
 * state has shown its prompt before, and to another listener.
 */
const silentMs = 5000;

/** Whether the end of what a terminal showed is a prompt. Pure. */
export function endsInPrompt(shown: string): boolean {
  const line =
    shown
      .replace(escapes, '')
      .split(/[\r\n]/)
      .at(-1) ?? '';
  return prompt.test(line) && line.length < 200;
}

/** Resolves when a prompt stands on the first serial port. @throws Failure `ipc.closed` when the port does */
async function shellOn(client: Client, id: string, stop: AbortSignal): Promise<undefined> {
  const { address } = await client.call('machine.serialSocket', { id, port: 0 });
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    let tail = '';
    let quiet: NodeJS.Timeout | undefined;
    const silent = setTimeout(() => socket.write('\r'), silentMs);
    stop.addEventListener('abort', () => {
      clearTimeout(quiet);
      clearTimeout(silent);
      socket.destroy();
    });
    socket.on('data', (data: Buffer) => {
      clearTimeout(quiet);
      clearTimeout(silent);
      tail = (tail + data.toString('latin1')).slice(-tailLength);
      if (endsInPrompt(tail)) quiet = setTimeout(() => resolve(undefined), quietMs);
    });
    const closed = (): void => reject(new Failure('ipc.closed', 'The serial port is closed.'));
    socket.on('error', closed);
    socket.on('close', closed);
  });
}
