import type { EngineId, MachineConfig } from '@shared/machine/config';
import type { NetworkConfig } from '@shared/network/config';
import type { PlugRequest } from '@shared/network/report';
import { socketAddress } from '../platform/paths';
import type { NetworkProcess } from './network-process';

/** Engines whose machines have cables. */
const cabled: ReadonlySet<EngineId> = new Set(['v86', 'qemu']);
/** The longest packets of engines whose cards do not take what every network carries, in bytes. */
const mtus: Partial<Record<EngineId, number>> = { v86: 1500 };

export interface CablesOptions {
  find(network: string): NetworkConfig | undefined;
  /** Starts the process of a network that nobody was plugged into. */
  begin(network: NetworkConfig): NetworkProcess;
  /** Told of a network whose process has been told to end, for nobody is plugged in any more. */
  ended(network: string): void;
}

interface Plugged {
  network: string;
  request: PlugRequest;
}

/** Who is plugged into which network. A network has a process while somebody is. */
export class Cables {
  private readonly processes = new Map<string, NetworkProcess>();
  /** By machine, and then by port. */
  private readonly plugged = new Map<string, Map<string, Plugged>>();
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly options: CablesOptions) {}

  processOf(network: string): NetworkProcess | undefined {
    return this.processes.get(network);
  }

  /**
   * The sockets on which a machine's cards are to listen, by the cards' ids: also of those that are on no network,
   * so that they can be plugged into one while the machine runs.
   */
  async prepare(folder: string, config: MachineConfig): Promise<Record<string, string>> {
    const sockets: Record<string, string> = {};
    if (!cabled.has(config.engine)) return sockets;
    for (const { id } of config.nics) sockets[id] = await socketAddress(`${folder}\n${id}`);
    return sockets;
  }

  /**
   * Plugs a machine's cards into the networks that its configuration names, and takes out what is plugged in
   * otherwise: at its start, and again after each change while it runs. What has not changed is left alone, so that
   * its connections go on. The machine need not listen yet.
   */
  plug(config: MachineConfig, sockets: Readonly<Record<string, string>>): void {
    const wanted = new Map<string, Plugged>();
    for (const { id, mac, network } of cardsOf(config)) {
      const path = sockets[id];
      if (path === undefined || !this.options.find(network)) continue;
      const port = `${config.id}-${id}`;
      const mtu = mtus[config.engine] ?? null;
      wanted.set(port, { network, request: { port, path, machine: config.id, name: config.name, mac, mtu } });
    }
    const before = this.plugged.get(config.id) ?? new Map<string, Plugged>();
    if (wanted.size > 0) this.plugged.set(config.id, wanted);
    else this.plugged.delete(config.id);
    // New cards first: a network that only loses a card to get it back need not end between.
    for (const [port, plug] of wanted) {
      const known = before.get(port);
      if (known && JSON.stringify(known) === JSON.stringify(plug)) continue;
      if (known && known.network !== plug.network) this.takeOut(port, known.network);
      this.putIn(plug);
    }
    for (const [port, { network }] of before) if (!wanted.has(port)) this.takeOut(port, network);
  }

  /** Unplugs a machine that does not run any more. */
  unplug(machine: string): void {
    const before = this.plugged.get(machine);
    this.plugged.delete(machine);
    for (const [port, { network }] of before ?? []) this.takeOut(port, network);
  }

  /** Ends every process. It always comes to an end. */
  async close(): Promise<void> {
    for (const machine of [...this.plugged.keys()]) this.unplug(machine);
    await Promise.all(this.ending);
  }

  private putIn({ network, request }: Plugged): void {
    const config = this.options.find(network);
    if (!config) return;
    let process = this.processes.get(network);
    if (!process) this.processes.set(network, (process = this.options.begin(config)));
    process.plug(request);
  }

  private takeOut(port: string, network: string): void {
    const process = this.processes.get(network);
    process?.unplug(port);
    if (!process || process.isUsed) return;
    this.processes.delete(network);
    this.options.ended(network);
    const ending = process.end().finally(() => this.ending.delete(ending));
    this.ending.add(ending);
  }
}

function cardsOf(config: MachineConfig): { id: string; mac: string; network: string }[] {
  if (!cabled.has(config.engine)) return [];
  return config.nics.flatMap(({ id, mac, network }) => (network === null ? [] : [{ id, mac, network }]));
}
