import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure, toFailure } from '@shared/errors';
import type { MachineConfig } from '@shared/machine/config';
import { forwardsCollide } from '@shared/network/check';
import type { Condition } from '@shared/network/condition';
import {
  defaultNetworkId,
  forward,
  type Forward,
  networkConfig,
  type NetworkConfig,
  type NetworkKind,
  type NetworkSettings,
} from '@shared/network/config';
import type { NetworkCapabilities, NetworkChanges, NetworkDraft } from '@shared/network/draft';
import type { LeaseReport } from '@shared/network/report';
import { phrase } from '@shared/phrases/phrase';
import type { NetworkSummary } from '@shared/network/summary';
import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';
import type { ProcessHost } from '../platform/process-host';
import { Cables } from './cables';
import { networkCapabilities } from './capabilities';
import { Captures } from './captures';
import { hostSubnets } from './host-subnets';
import { NetworkProcess } from './network-process';
import { Placement } from './placement';
import { probePorts } from './probe';
import { changedNetwork, newNetwork, suggestSettings } from './settings';
import { NetworkStore } from './store';
import type { Uplinks } from './uplink/uplinks';

/** Networks, and who is plugged into them. A network has a process while somebody is. */
export class NetworkService {
  /** The machines of the library; networks that one of them has a card on are not removed. */
  machines: () => readonly MachineConfig[] = () => [];
  readonly captures: Captures;
  private readonly cables: Cables;
  private readonly leases = new Map<string, LeaseReport[]>();
  private turn: Promise<unknown> = Promise.resolve();
  private readonly placement = new Placement();

  private constructor(
    private readonly store: NetworkStore,
    private readonly processHost: ProcessHost,
    private readonly emit: EmitEvent,
    private readonly log: Log,
    private readonly uplinks: Uplinks,
    capturesFolder: string,
  ) {
    this.cables = new Cables({
      find: (id) => store.find(id),
      begin: (config) => this.begin(config),
      ended: (id) => {
        this.leases.delete(id);
        this.tell(id);
      },
    });
    this.captures = new Captures({
      folder: capturesFolder,
      get: (id) => store.get(id),
      processOf: (id) => this.cables.processOf(id),
    });
  }

  static async load(
    dataFolder: string,
    processHost: ProcessHost,
    emit: EmitEvent,
    log: Log,
    uplinks: Uplinks,
  ): Promise<NetworkService> {
    const store = await NetworkStore.load(dataFolder, log);
    return new NetworkService(store, processHost, emit, log, uplinks, join(dataFolder, 'captures'));
  }

  list(): NetworkSummary[] {
    return this.store.list().map((config) => this.summary(config));
  }

  /** @throws Failure `network.*` */
  get(id: string): NetworkSummary {
    return this.summary(this.store.get(id));
  }

  capabilities(): Promise<NetworkCapabilities> {
    return networkCapabilities(this.uplinks);
  }

  /** Settings for a new network that get along with this computer and with the networks that there are. */
  async suggest(kind: NetworkKind): Promise<NetworkSettings> {
    return suggestSettings(kind, this.store.list(), await hostSubnets());
  }

  /** @throws Failure `network.invalid`, `file.*` */
  create(draft: NetworkDraft): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const config = newNetwork(draft, this.store.list(), await hostSubnets(), this.store.ids());
      await this.store.write(config);
      return this.changed(config);
    });
  }

  /**
   * Changes settings, also of a network in use: machines that run learn of other addresses when they ask for theirs
   * the next time.
   *
   * @throws Failure `network.*`, `file.*`
   */
  edit(id: string, changes: NetworkChanges): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const before = this.store.get(id);
      const wanted = changedNetwork(before, changes, this.store.list(), await hostSubnets());
      const { proxy } = wanted;
      // Where the network is in use, its process tries, and may have the port already.
      if (proxy && proxy.port !== before.proxy?.port && !this.cables.processOf(id)) {
        await probePorts({ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: proxy.port });
      }
      return this.change(before, wanted);
    });
  }

  /** @throws Failure `network.not-found`, `network.in-use` with the names of who uses it, `input.invalid`, `file.*` */
  remove(id: string): Promise<void> {
    return this.inTurn(async () => {
      const { name } = this.store.get(id);
      if (id === defaultNetworkId) {
        throw new Failure('input.invalid', phrase('network.isDefault', { name }));
      }
      const users = [...new Set(this.usersOf(id).map((user) => `“${user.name}”`))];
      if (users.length > 0) {
        throw new Failure('network.in-use', phrase('network.inUse', { name, machines: users.join(', ') }), {
          hint: phrase('network.inUseHint'),
        });
      }
      await this.store.remove(id);
      this.emit({ name: 'network.removed', value: { id } });
    });
  }

  /**
   * Adds a forward, or changes the one of the same id. Whether its port can be had is tried at once.
   *
   * @throws Failure `network.*`, `input.invalid` when a second one wants the same port
   */
  setForward(network: string, wanted: Omit<Forward, 'id'> & { id?: string }): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const config = this.store.get(network);
      const entry = forward.parse({ ...wanted, id: wanted.id ?? randomBytes(8).toString('hex') });
      const others = config.forwards.filter(({ id }) => id !== entry.id);
      const everywhere = this.store
        .list()
        .flatMap(({ id, forwards }) => (id === network ? others : forwards));
      if (everywhere.some((other) => forwardsCollide(other, entry))) {
        throw new Failure('input.invalid', phrase('network.forwarded', { port: entry.hostPort }));
      }
      // Where the network is in use, its process tries, and may have the port already.
      if (!this.cables.processOf(network)) await probePorts(entry);
      return this.change(config, { ...config, forwards: [...others, entry] }, entry.id);
    });
  }

  /** @throws Failure `network.*` */
  removeForward(network: string, id: string): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const config = this.store.get(network);
      return this.change(config, { ...config, forwards: config.forwards.filter((one) => one.id !== id) });
    });
  }

  /** Says what the cable of a port is like; null: as good as it can be. @throws Failure `network.*` */
  setCondition(network: string, port: string, wanted: Condition | null): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const config = this.store.get(network);
      const { [port]: _before, ...others } = config.conditions;
      return this.change(config, { ...config, conditions: wanted ? { ...others, [port]: wanted } : others });
    });
  }

  /** A machine has changed: tells the networks that gain or lose one of its cards by it, and those that show its name. */
  noticed(machine: { id: string; name: string; config: MachineConfig | null }): void {
    for (const network of this.placement.noticed(machine)) this.tell(network);
  }

  /** A machine is no more: nothing leads to it, and nothing is kept for it. */
  forgetMachine(machine: string): Promise<void> {
    for (const network of this.placement.gone(machine)) this.tell(network);
    return this.inTurn(async () => {
      for (const config of this.store.list()) {
        const forwards = config.forwards.filter((one) => one.machine !== machine);
        const conditions = Object.fromEntries(
          Object.entries(config.conditions).filter(([port]) => !port.startsWith(`${machine}-`)),
        );
        const kept = Object.keys(conditions).length === Object.keys(config.conditions).length;
        if (forwards.length === config.forwards.length && kept) continue;
        await this.change(config, { ...config, forwards, conditions });
      }
    });
  }

  /** See `Cables.prepare`. */
  prepare(folder: string, config: MachineConfig): Promise<Record<string, string>> {
    return this.cables.prepare(folder, config);
  }

  /** Plugs in a machine that is about to listen. */
  plug(config: MachineConfig, sockets: Readonly<Record<string, string>>): void {
    this.cables.plug(config, sockets);
  }

  /** Plugs in otherwise, as its configuration has become; what has not changed is left alone. */
  replug(config: MachineConfig, sockets: Readonly<Record<string, string>>): void {
    this.cables.plug(config, sockets);
  }

  /** Unplugs a machine that does not run any more. */
  unplug(machine: string): void {
    this.cables.unplug(machine);
  }

  /** Ends every process. It always comes to an end. */
  async close(): Promise<void> {
    await this.cables.close();
  }

  /** Writes a changed configuration and lets the switch know. A port that cannot be had changes nothing. */
  private async change(
    before: NetworkConfig,
    wanted: NetworkConfig,
    newForward?: string,
  ): Promise<NetworkSummary> {
    const parsed = networkConfig.safeParse(wanted);
    if (!parsed.success) {
      throw new Failure('network.invalid', phrase('network.invalid', { why: z.prettifyError(parsed.error) }));
    }
    const process = this.cables.processOf(before.id);
    const problems = await process?.configure(parsed.data);
    const forwardProblem = newForward === undefined ? null : problems?.[newForward];
    const newProxy = parsed.data.proxy && parsed.data.proxy.port !== before.proxy?.port;
    const problem = forwardProblem ?? (newProxy ? process?.proxyProblem : null);
    if (problem) {
      await process?.configure(before);
      throw toFailure(problem);
    }
    try {
      await this.store.write(parsed.data);
    } catch (error) {
      // What is not written down must not be in force either.
      await process?.configure(before);
      throw error;
    }
    return this.changed(parsed.data);
  }

  private begin(config: NetworkConfig): NetworkProcess {
    const { id } = config;
    return new NetworkProcess(
      this.processHost,
      config,
      this.store.leasesPath(id),
      {
        leases: (leases) => {
          this.leases.set(id, leases);
          this.tell(id);
        },
        statistics: (statistics) => this.emit({ name: 'network.statistics', value: { id, statistics } }),
        changed: () => this.tell(id),
      },
      (wanted) => this.uplinks.plan(wanted),
      this.log,
    );
  }

  private usersOf(network: string): NetworkSummary['users'] {
    return this.machines().flatMap(({ id, name, nics }) =>
      nics.flatMap((nic) => (nic.network === network ? [{ machine: id, nic: nic.id, name }] : [])),
    );
  }

  private tell(id: string): void {
    const config = this.store.find(id);
    if (config) this.changed(config);
  }

  private changed(config: NetworkConfig): NetworkSummary {
    const summary = this.summary(config);
    this.emit({ name: 'network.changed', value: summary });
    return summary;
  }

  private summary(config: NetworkConfig): NetworkSummary {
    const process = this.cables.processOf(config.id);
    return {
      id: config.id,
      config,
      running: process !== undefined,
      ports: process?.ports ?? [],
      users: this.usersOf(config.id),
      leases: this.leases.get(config.id) ?? [],
      uplink: process?.uplink ?? null,
      proxyProblem: process?.proxyProblem ?? null,
      forwardProblems: { ...process?.forwardProblems },
    };
  }

  /** Changes of configurations are made one after the other. */
  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.turn.then(task);
    this.turn = result.catch(() => undefined);
    return result;
  }
}
