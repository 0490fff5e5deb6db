import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Forward } from '@shared/network/config';
import { type SshPlace, sshForward, sshPort } from '@shared/network/ssh';
import type { NetworkSummary } from '@shared/network/summary';
import { freePort } from './ssh';

/** The networks, asked directly or through the contract. */
export interface NetworksForSsh {
  list(): Promise<NetworkSummary[]> | NetworkSummary[];
  setForward(network: string, forward: Omit<Forward, 'id'>): Promise<NetworkSummary>;
  removeForward(network: string, id: string): Promise<unknown>;
}

/** A way to a machine's secure shell. */
export interface SshWay {
  place: SshPlace;
  /** Takes back what was made for it. */
  close(): Promise<void>;
}

/**
 * The forward that leads to a running machine's secure shell, or one that is made for the time being.
 *
 * @throws Failure `network.idle` when the machine has no card on a network with forwards, `network.*`
 */
export async function sshWay(networks: NetworksForSsh, machine: string): Promise<SshWay> {
  const all = await networks.list();
  const known = sshForward(
    all.map(({ config }) => config),
    machine,
  );
  if (known) return { place: known, close: () => Promise.resolve() };
  const network = all.find(
    ({ config, running, users }) =>
      config.kind !== 'isolated' &&
      config.gatewayOn &&
      running &&
      users.some((user) => user.machine === machine),
  );
  if (!network) {
    throw new Failure('network.idle', phrase('network.noWayTo'), {
      hint: phrase('network.noWayToHint'),
    });
  }
  const place = { host: '127.0.0.1', port: await freePort() };
  const { config } = await networks.setForward(network.id, {
    protocol: 'tcp',
    hostAddress: place.host,
    hostPort: place.port,
    machine,
    guestPort: sshPort,
  });
  const made = config.forwards.find(({ hostPort, machine: to }) => hostPort === place.port && to === machine);
  return {
    place,
    async close() {
      if (made) await networks.removeForward(network.id, made.id);
    },
  };
}
