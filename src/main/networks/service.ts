import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Failure, toFailure } from '@shared/errors';
import type { EngineId, MachineConfig } from '@shared/machine/config';
import { forward, type Forward, networkConfig, type NetworkConfig } from '@shared/network/config';
import type { LeaseReport } from '@shared/network/report';
import type { NetworkSummary } from '@shared/network/summary';
import type { EmitEvent } from '../platform/events';
import type { Log } from '../platform/log';
import { socketAddress } from '../platform/paths';
import type { ProcessHost } from '../platform/process-host';
import { NetworkProcess } from './network-process';
import { NetworkStore } from './store';

/** Engines whose machines have cables. */
const cabled: ReadonlySet<EngineId> = new Set(['v86', 'qemu']);

/** Networks, and who is plugged into them. A network has a process while somebody is. */
export class NetworkService {
  private readonly processes = new Map<string, NetworkProcess>();
  private readonly leases = new Map<string, LeaseReport[]>();
  /** By machine: the ports that it has on networks. */
  private readonly plugged = new Map<string, { network: string; port: string }[]>();
  private readonly ending = new Set<Promise<void>>();
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly store: NetworkStore,
    private readonly processHost: ProcessHost,
    private readonly emit: EmitEvent,
    private readonly log: Log,
  ) {}

  static async load(
    dataFolder: string,
    processHost: ProcessHost,
    emit: EmitEvent,
    log: Log,
  ): Promise<NetworkService> {
    return new NetworkService(await NetworkStore.load(dataFolder, log), processHost, emit, log);
  }

  list(): NetworkSummary[] {
    return this.store.list().map((config) => this.summary(config));
  }

  /** @throws Failure `network.*` */
  get(id: string): NetworkSummary {
    return this.summary(this.store.get(id));
  }

  /**
   * The sockets on which a machine's cards are to listen, by the cards' ids. Cards on a network that does not exist
   * (any more) have none.
   */
  async prepare(folder: string, config: MachineConfig): Promise<Record<string, string>> {
    const sockets: Record<string, string> = {};
    for (const { id, network } of this.cards(config)) {
      if (this.store.find(network)) sockets[id] = await socketAddress(`${folder}\n${id}`);
    }
    return sockets;
  }

  /** Plugs a machine's cards into their networks, as long as it runs; it need not listen yet. */
  plug(config: MachineConfig, sockets: Readonly<Record<string, string>>): void {
    this.unplug(config.id);
    const ports: { network: string; port: string }[] = [];
    for (const { id, mac, network } of this.cards(config)) {
      const path = sockets[id];
      const found = this.store.find(network);
      if (path === undefined || !found) continue;
      const port = `${config.id}-${id}`;
      const process = this.processes.get(network) ?? this.begin(found);
      process.plug({ port, path, machine: config.id, name: config.name, mac });
      ports.push({ network, port });
    }
    if (ports.length > 0) this.plugged.set(config.id, ports);
  }

  /** Unplugs a machine that does not run any more. */
  unplug(machine: string): void {
    for (const { network, port } of this.plugged.get(machine) ?? []) {
      const process = this.processes.get(network);
      process?.unplug(port);
      if (!process || process.isUsed) continue;
      this.processes.delete(network);
      this.leases.delete(network);
      const ending = process.end().finally(() => this.ending.delete(ending));
      this.ending.add(ending);
    }
    this.plugged.delete(machine);
  }

  /**
   * Adds a forward, or changes the one of the same id. While the network is in use it is tried at once.
   *
   * @throws Failure `network.*`, `input.invalid` when a second one wants the same port
   */
  setForward(network: string, wanted: Omit<Forward, 'id'> & { id?: string }): Promise<NetworkSummary> {
    return this.inTurn(async () => {
      const config = this.store.get(network);
      const entry = forward.parse({ ...wanted, id: wanted.id ?? randomBytes(8).toString('hex') });
      const others = config.forwards.filter(({ id }) => id !== entry.id);
      if (others.some((other) => samePort(other, entry))) {
        throw new Failure('input.invalid', `Port ${entry.hostPort} is forwarded already.`);
      }
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

  /** Ends every process. It always comes to an end. */
  async close(): Promise<void> {
    for (const machine of [...this.plugged.keys()]) this.unplug(machine);
    await Promise.all(this.ending);
  }

  /** Writes a changed configuration and lets the switch know. A forward that cannot be had changes nothing. */
  private async change(
    before: NetworkConfig,
    wanted: NetworkConfig,
    newForward?: string,
  ): Promise<NetworkSummary> {
    const parsed = networkConfig.safeParse(wanted);
    if (!parsed.success) throw new Failure('network.invalid', z.prettifyError(parsed.error));
    const process = this.processes.get(before.id);
    const problems = await process?.configure(parsed.data);
    const problem = newForward === undefined ? null : problems?.[newForward];
    if (problem) {
      await process?.configure(before);
      throw toFailure(problem);
    }
    await this.store.write(parsed.data);
    return this.changed(parsed.data);
  }

  private begin(config: NetworkConfig): NetworkProcess {
    const { id } = config;
    const process = new NetworkProcess(
      this.processHost,
      config,
      this.store.leasesPath(id),
      {
        leases: (leases) => {
          this.leases.set(id, leases);
          this.changed(this.store.get(id));
        },
        statistics: (statistics) => this.emit({ name: 'network.statistics', value: { id, statistics } }),
      },
      this.log,
    );
    this.processes.set(id, process);
    return process;
  }

  private cards(config: MachineConfig): { id: string; mac: string; network: string }[] {
    if (!cabled.has(config.engine)) return [];
    return config.nics.flatMap(({ id, mac, network }) => (network === null ? [] : [{ id, mac, network }]));
  }

  private changed(config: NetworkConfig): NetworkSummary {
    const summary = this.summary(config);
    this.emit({ name: 'network.changed', value: summary });
    return summary;
  }

  private summary(config: NetworkConfig): NetworkSummary {
    const process = this.processes.get(config.id);
    return {
      id: config.id,
      config,
      running: process !== undefined,
      leases: this.leases.get(config.id) ?? [],
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

function samePort(a: Forward, b: Forward): boolean {
  return a.protocol === b.protocol && a.hostAddress === b.hostAddress && a.hostPort === b.hostPort;
}
