import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { sshUser } from '@shared/network/ssh';
import { findSsh, sshArguments, sshUserOf } from '../../platform/ssh';
import { type NetworksForSsh, sshWay } from '../../platform/ssh-way';
import type { Client } from '../connect';
import { findMachine } from '../find';
import { UsageError } from '../usage-error';
import { beforeDashes, parseOptions } from './options';
import type { SpecialCommand } from './special';

/** `vivarium ssh`: the system's ssh, by whatever way leads to the machine. */
export const ssh: SpecialCommand = {
  words: ['ssh'],
  usage: 'MACHINE [--user NAME] [-- ARGUMENT …]',
  summary: 'Logs in to a machine with ssh, or runs a command there',
  options: ['user'],
  details: [
    'It goes by a forward to port 22 of the machine; where there is none, one is made on 127.0.0.1 for as long as it lasts.',
    "The guest's keys, and the name that was given last, are kept with the machine.",
    'What comes after “--” is for ssh: options of its own, a command.',
  ],
  examples: ['vivarium ssh Debian --user ada', 'vivarium ssh Debian -- uname -a'],
  async run(words, { client: connected }) {
    const [own, rest] = beforeDashes(words);
    const { values, positionals } = parseOptions(own, ['MACHINE'], { user: { type: 'string' } });
    if (values.user !== undefined && !sshUser.safeParse(values.user).success) {
      throw new UsageError(`“${values.user}” is no user's name.`);
    }
    const program = await findSsh();
    const client = await connected();
    const id = await findMachine(client, positionals[0] ?? '');
    const { folder: machineFolder, state, name } = await client.call('machine.get', { id });
    if (state !== 'running') {
      throw new Failure('machine.wrong-state', `“${name}” does not run.`, {
        hint: `vivarium start "${name}"`,
      });
    }
    const folder = join(machineFolder, 'ssh');
    const user = await sshUserOf(folder, values.user);
    const way = await sshWay(networksOf(client), id);
    try {
      const args = sshArguments({ place: way.place, machine: id, folder, user, rest });
      // The terminal sends Ctrl+C to both, and it is meant for the guest.
      process.on('SIGINT', () => {});
      const child = spawn(program, args, { stdio: 'inherit' });
      const [status] = (await once(child, 'exit')) as [number | null];
      return status ?? 255;
    } finally {
      await way.close();
    }
  },
};

function networksOf(client: Client): NetworksForSsh {
  return {
    list: () => client.call('network.list', {}),
    setForward: (id, forward) => client.call('network.setForward', { id, forward }),
    removeForward: (id, forward) => client.call('network.removeForward', { id, forward }),
  };
}
