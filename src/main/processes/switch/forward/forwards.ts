import type { ErrorValue } from '@shared/errors';
import { portProblem } from '../../../platform/port-problem';
import { parseIpv4 } from '@shared/network/address';
import type { Forward } from '@shared/network/config';
import type { Clock } from '../clock';
import type { Address } from '../ip/address';
import type { Receiver } from '../ip/ip';
import type { HostStreams } from '../nat/host-stream';
import type { TcpStack } from '../tcp/stack';
import type { Datagram } from '../udp/datagram';
import { TcpForward } from './tcp-forward';
import { UdpForward } from './udp-forward';

/** The guest that a forward leads to. */
export type ForwardTarget = Receiver<number>;

export interface ForwardsOptions {
  gateway: number;
  clock: Clock;
  stack: TcpStack;
  streams: HostStreams;
  /** Finds where a machine is now. */
  find(machine: string, found: (target: ForwardTarget | undefined) => void): void;
  /** Whether a caller may reach a port of a machine. */
  permits(protocol: 'tcp' | 'udp', caller: Address, port: number): boolean;
  /** Sends a datagram from a port of the gateway's address. */
  deliver(to: ForwardTarget & { port: number }, fromPort: number, data: Uint8Array): void;
}

/** Finds the guest for a caller, by its address; undefined when there is none, or it may not be reached. */
export type FindTarget = (caller: string, found: (target: ForwardTarget | undefined) => void) => void;

/** How each forward fares: null when it listens. */
export type ForwardProblems = Record<string, ErrorValue | null>;

const firstPort = 32_768;
const lastPort = 65_535;

/** The ports of the host that lead to machines. */
export class Forwards {
  /** By what they are to do. */
  private readonly open = new Map<string, TcpForward | UdpForward>();
  private readonly udpPorts = new Map<number, UdpForward>();
  private nextPort = firstPort;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ForwardsOptions) {}

  /** Opens and closes what differs; the others go on undisturbed. */
  set(forwards: readonly Forward[]): Promise<ForwardProblems> {
    const result = this.turn.then(() => this.change(forwards));
    this.turn = result.catch(() => undefined);
    return result;
  }

  /** @returns whether the datagram, which is for the gateway, belongs to a forward */
  answer(datagram: Datagram<number>): boolean {
    const forward = this.udpPorts.get(datagram.destinationPort);
    forward?.answer(datagram);
    return forward !== undefined;
  }

  async close(): Promise<void> {
    await this.set([]);
  }

  private async change(forwards: readonly Forward[]): Promise<ForwardProblems> {
    const wanted = new Map(
      forwards.flatMap(singlePorts).map((forward) => [JSON.stringify(forward), forward]),
    );
    for (const [key, listener] of [...this.open]) {
      if (wanted.has(key)) continue;
      this.open.delete(key);
      await listener.close();
    }
    const problems: ForwardProblems = {};
    for (const [key, forward] of wanted) {
      const problem = this.open.has(key) ? null : await this.begin(key, forward);
      // Of a range, the first port that cannot be had is told; the others are there.
      problems[forward.id] ??= problem;
    }
    return problems;
  }

  private async begin(key: string, forward: Forward): Promise<ErrorValue | null> {
    const listener = this.make(forward);
    try {
      await listener.listen();
    } catch (error) {
      await listener.close();
      return (await portProblem(forward, error)).toValue();
    }
    this.open.set(key, listener);
    return null;
  }

  private make(forward: Forward): TcpForward | UdpForward {
    const { gateway, clock, stack, streams, find, permits, deliver } = this.options;
    const target: FindTarget = (caller, found) => {
      const permitted = permits(forward.protocol, parseIpv4(caller) ?? 0, forward.guestPort);
      if (permitted) find(forward.machine, found);
      else found(undefined);
    };
    if (forward.protocol === 'tcp') return new TcpForward(forward, gateway, stack, target, streams);
    return new UdpForward(forward, {
      clock,
      target,
      deliver,
      takePort: (which) => this.takePort(which),
      givePort: (port) => void this.udpPorts.delete(port),
    });
  }

  private takePort(forward: UdpForward): number | undefined {
    for (let tried = firstPort; tried <= lastPort; tried++) {
      const port = this.nextPort;
      this.nextPort = port === lastPort ? firstPort : port + 1;
      if (this.udpPorts.has(port)) continue;
      this.udpPorts.set(port, forward);
      return port;
    }
    return undefined;
  }
}

/** A forward of a range of ports as one of each. */
function singlePorts({ count = 1, ...forward }: Forward): Forward[] {
  return Array.from({ length: count }, (_, index) => ({
    ...forward,
    hostPort: forward.hostPort + index,
    guestPort: forward.guestPort + index,
  }));
}
