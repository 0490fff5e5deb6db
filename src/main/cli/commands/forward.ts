import { Failure } from '@shared/errors';
import type { Forward } from '@shared/network/config';
import type { NetworkSummary } from '@shared/network/summary';
import type { Client } from '../connect';
import { findMachine } from '../find';
import { type Output, printResult } from '../output';
import { UsageError } from '../usage-error';
import { parseOptions, parseWords } from './options';
import type { SpecialCommand } from './special';

/** A forward as it is listed. */
interface Row {
  id: string;
  network: string;
  protocol: string;
  host: string;
  machine: string;
  guestPort: number;
  problem: string | null;
}

const columns = ['id', 'network', 'protocol', 'host', 'machine', 'guestPort', 'problem'];

/** `vivarium forward list` */
const list: SpecialCommand = {
  words: ['forward', 'list'],
  usage: '[MACHINE]',
  summary: 'Lists the ports of this computer that lead to machines',
  options: [],
  details: [],
  examples: ['vivarium forward list', 'vivarium forward list Debian'],
  async run(words, { client: connected, output }) {
    const [word] = parseWords(words, 0, ['MACHINE']);
    const client = await connected();
    const machine = word === undefined ? undefined : await findMachine(client, word);
    const names = new Map((await client.call('machine.list', {})).map(({ id, name }) => [id, name]));
    const networks = await client.call('network.list', {});
    const rows = networks.flatMap((network) =>
      network.config.forwards
        .filter((forward) => machine === undefined || forward.machine === machine)
        .map((forward) => rowOf(network, forward, names)),
    );
    print(output, rows);
    return 0;
  },
};

/** `vivarium forward add` */
const add: SpecialCommand = {
  words: ['forward', 'add'],
  usage: 'MACHINE [HOST:]PORT:GUESTPORT [--udp] [--network ID]',
  summary: 'Has a port of this computer lead to a port of a machine, also while it runs',
  options: ['udp', 'network'],
  details: [
    'HOST is the address of this computer that it listens on: 127.0.0.1 if not said, 0.0.0.0 for every one.',
    'Without --network it is the first NAT or host-only network that the machine has a card on.',
  ],
  examples: ['vivarium forward add Debian 2222:22', 'vivarium forward add Web 0.0.0.0:8080:80'],
  async run(words, { client: connected, output }) {
    const { values, positionals } = parseOptions(words, ['MACHINE', 'PORT:GUESTPORT'], {
      udp: { type: 'boolean', default: false },
      network: { type: 'string' },
    });
    const [word = '', ports = ''] = positionals;
    const place = portsOf(ports);
    const client = await connected();
    const machine = await findMachine(client, word);
    const network = await networkOf(client, machine, values.network);
    const forward = { ...place, protocol: values.udp ? 'udp' : 'tcp', machine } as const;
    const changed = await client.call('network.setForward', { id: network, forward });
    const names = new Map((await client.call('machine.list', {})).map(({ id, name }) => [id, name]));
    const made = changed.config.forwards.find(
      ({ hostPort, protocol, machine: to }) =>
        hostPort === place.hostPort && protocol === forward.protocol && to === machine,
    );
    if (made) print(output, [rowOf(changed, made, names)]);
    return 0;
  },
};

/** `vivarium forward remove` */
const remove: SpecialCommand = {
  words: ['forward', 'remove'],
  usage: 'ID',
  summary: 'Removes a forward, by the id that the list shows',
  options: [],
  details: [],
  examples: ['vivarium forward remove f1'],
  async run(words, { client: connected }) {
    const [forward = ''] = parseWords(words, 1, ['ID']);
    const client = await connected();
    const networks = await client.call('network.list', {});
    const network = networks.find(({ config }) => config.forwards.some(({ id }) => id === forward));
    if (!network) throw new Failure('network.not-found', `There is no forward “${forward}”.`);
    await client.call('network.removeForward', { id: network.id, forward });
    return 0;
  },
};

/** `vivarium forward …` */
export const forwards: readonly SpecialCommand[] = [list, add, remove];

/** `[HOST:]PORT:GUESTPORT`. Pure. @throws UsageError */
export function portsOf(text: string): { hostAddress: string; hostPort: number; guestPort: number } {
  const match = /^(?:([0-9.]+):)?(\d{1,5}):(\d{1,5})$/.exec(text);
  const [hostPort, guestPort] = [Number(match?.[2]), Number(match?.[3])];
  const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
  if (!match || !isPort(hostPort) || !isPort(guestPort)) {
    throw new UsageError(`“${text}” is not of the form PORT:GUESTPORT or HOST:PORT:GUESTPORT.`);
  }
  return { hostAddress: match[1] ?? '127.0.0.1', hostPort, guestPort };
}

async function networkOf(client: Client, machine: string, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return wanted;
  const networks = await client.call('network.list', {});
  const found = networks.find(
    ({ config, users }) => config.kind !== 'isolated' && users.some((user) => user.machine === machine),
  );
  if (found) return found.id;
  throw new Failure('network.not-found', 'The machine has no card on a network with forwards.', {
    hint: 'Plug a card of it into a NAT or host-only network.',
  });
}

function rowOf(
  { id: network, forwardProblems }: NetworkSummary,
  forward: Forward,
  names: ReadonlyMap<string, string>,
): Row {
  const { id, protocol, hostAddress, hostPort, machine, guestPort } = forward;
  const problem = forwardProblems[id]?.message ?? null;
  const host = `${hostAddress}:${hostPort}`;
  return { id, network, protocol, host, machine: names.get(machine) ?? machine, guestPort, problem };
}

function print(output: Output, rows: Row[]): void {
  printResult(output, rows, columns);
}
