import { Failure } from '@shared/errors';
import type { MachineSummary } from '@shared/machine/summary';
import type { Client } from '../connect';
import { findMachine } from '../find';
import { printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions, wholeNumber } from './options';
import type { SpecialCommand } from './special';

const usualSeconds = 300;

type Goal = 'off' | 'running' | 'saved' | 'address';
const goals: readonly Goal[] = ['off', 'running', 'saved', 'address'];

/** `vivarium wait`: for scripts that go on when a machine has come so far. */
export const wait: SpecialCommand = {
  words: ['wait'],
  usage: 'MACHINE --for off|running|saved|address [--timeout SECONDS]',
  summary: 'Waits until a machine is off, runs, is saved, or has an address',
  options: ['for', 'timeout'],
  details: [
    `Gives up after --timeout seconds (${usualSeconds}), with status 6. With --for address, prints the address.`,
    'vivarium stop Trial && vivarium wait Trial --for off',
  ],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE'], {
      for: { type: 'string' },
      timeout: { type: 'string' },
    });
    const goal = goals.find((one) => one === values.for);
    if (!goal) throw new UsageError(`--for is one of ${goals.join(', ')}.`);
    const seconds = wholeNumber('timeout', values.timeout) ?? usualSeconds;
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const reached = await within(
      seconds,
      goal,
      goal === 'address' ? addressOf(client, id) : stateOf(client, id, goal),
    );
    printResult(output, reached);
    return 0;
  },
};

async function within<T>(seconds: number, goal: Goal, reached: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Failure(
            'timeout',
            goal === 'address'
              ? `It has no address after ${seconds} seconds.`
              : `It is not ${goal} after ${seconds} seconds.`,
          ),
        ),
      seconds * 1000,
    );
  });
  try {
    return await Promise.race([reached, tooLong]);
  } finally {
    clearTimeout(timer);
  }
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
async function addressOf(client: Client, id: string): Promise<string> {
  for (;;) {
    const { config } = await client.call('machine.get', { id });
    const macs = new Set(config?.nics.map(({ mac }) => mac));
    const networks = await client.call('network.list', {});
    const lease = networks.flatMap(({ leases }) => leases).find(({ mac }) => macs.has(mac));
    if (lease) return lease.address;
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
