import { createHash } from 'node:crypto';
import { type ErrorValue, Failure } from '@shared/errors';
import { formatIpv4, formatMac, parseMac } from '@shared/network/address';
import type { CaptureRequest, CaptureStatus } from '@shared/network/capture';
import type { NetworkConfig } from '@shared/network/config';
import type { LeaseReport, NetworkStatistics, PlugRequest } from '@shared/network/report';
import { uplinkPort, type UplinkPlan, type UplinkReport } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import type { FlowReport } from '@shared/network/flows';
import { Capture } from './capture/capture';
import { type Clock, systemClock } from './clock';
import { LeaseKeeper } from './dhcp/lease-keeper';
import type { Lease } from './dhcp/leases';
import type { DnsServer } from './dns/upstream';
import { Gateway } from './gateway/gateway';
import { GatewayPort } from './gateway/gateway-port';
import { Machines } from './gateway/machines';
import { WatchedFlows } from './flows/watched-flows';
import { LearningSwitch } from './ports/learning-switch';
import { type LinkState, StreamPort } from './ports/stream-port';
import { Taps } from './ports/taps';
import { Uplink } from './uplink/uplink';

/** What becomes of forwards that have nothing to go through. */
const noGateway = new Failure('network.invalid', phrase('network.noGateway'), {
  hint: phrase('network.noGatewayHint'),
}).toValue();

export interface SwitchEvents {
  link(port: string, state: LinkState, reason?: string): void;
  leases(leases: LeaseReport[]): void;
  uplink?(report: UplinkReport): void;
  log(line: string): void;
}

export interface SwitchOptions {
  events: SwitchEvents;
  clock?: Clock;
  wallClock?: () => number;
  resolvers?: () => DnsServer[];
  searchDomains?: () => readonly string[];
}

/** One virtual network: the switch, its ports, and its gateway. */
export class VirtualSwitch {
  private readonly clock: Clock;
  private readonly bridge: LearningSwitch;
  private readonly ports = new Map<string, StreamPort>();
  private readonly machines = new Machines();
  /** Undefined until the network is known. */
  private gatewayPort: GatewayPort | undefined;
  private gateway: Gateway | undefined;
  /** Changes of the configuration are made one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  private uplink: Uplink | undefined;
  private readonly keeper: LeaseKeeper;
  private conditions: NetworkConfig['conditions'] = {};
  /** Machines are kept from each other. */
  private apart = false;
  private readonly taps: Taps;
  private readonly watched: WatchedFlows;
  private capture: Capture | undefined;
  private closed = false;

  constructor(private readonly options: SwitchOptions) {
    this.clock = options.clock ?? systemClock;
    this.bridge = new LearningSwitch(this.clock);
    this.taps = new Taps(this.bridge);
    this.watched = new WatchedFlows(this.clock, (meter) => this.taps.set('flows', meter));
    this.keeper = new LeaseKeeper({
      clock: this.clock,
      leases: () => this.gateway?.leases.all(),
      changed: () => options.events.leases(this.leases()),
      log: (line) => options.events.log(line),
    });
  }

  /** Takes over a configuration: the first one, or a changed one. @returns how each forward fares */
  configure(config: NetworkConfig, leasesPath: string): Promise<Record<string, ErrorValue | null>> {
    const result = this.turn.then(() => this.change(config, leasesPath));
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async change(
    config: NetworkConfig,
    leasesPath: string,
  ): Promise<Record<string, ErrorValue | null>> {
    this.keeper.path = leasesPath;
    const place = (this.gatewayPort ??= new GatewayPort(gatewayMac(config.id), this.bridge, this.clock));
    this.conditions = config.conditions;
    for (const [id, port] of this.ports) port.setCondition(config.conditions[id] ?? null);
    this.uplink?.port.setCondition(config.conditions[this.uplink.port.id] ?? null);
    this.apart = config.firewall.separate;
    this.keepApart();
    if (!config.gatewayOn) {
      await this.removeGateway();
      return Object.fromEntries(config.forwards.map(({ id }) => [id, noGateway]));
    }
    if (this.gateway?.canBecome(config)) {
      this.gateway.configure(config);
    } else {
      const leases = await this.removeGateway();
      const gateway = new Gateway({
        link: place.link,
        clock: this.clock,
        wallClock: this.options.wallClock ?? Date.now,
        machines: this.machines,
        config,
        leasesChanged: () => this.keeper.noticed(),
        resolvers: this.options.resolvers,
        searchDomains: this.options.searchDomains,
      });
      gateway.leases.restore(leases ?? (await this.keeper.known(leasesPath)));
      this.gateway = place.gateway = gateway;
    }
    return this.gateway.setForwards(config.forwards);
  }

  /** Joins the network with a device of this computer, or leaves it. What has not changed is left alone. */
  async setUplink(network: string, device: string, plan: UplinkPlan | null): Promise<void> {
    const before = this.uplink;
    if (before && plan && JSON.stringify(before.plan) === JSON.stringify(plan)) return;
    this.uplink = undefined;
    await before?.close();
    this.keepApart();
    if (!plan || this.closed) return;
    const port = uplinkPort(network);
    this.uplink = new Uplink({
      ...{ port, device, plan, bridge: this.bridge, clock: this.clock },
      changed: (report) => this.options.events.uplink?.(report),
    });
    this.uplink.port.setCondition(this.conditions[port] ?? null);
    this.keepApart();
  }

  /**
   * Opens the proxy at a port of the host's loopback, or closes it. The gateway has it, and it goes with that.
   *
   * @returns why it does not listen
   */
  async setProxy(port: number | undefined): Promise<ErrorValue | null> {
    if (this.gateway) return this.gateway.setProxy(port);
    return port === undefined ? null : noGateway;
  }

  /** Connects to a machine's socket, and stays connected. A port of that name with another socket is taken out first. */
  plug({ port, path, machine, name, mac, mtu }: PlugRequest): void {
    const before = this.ports.get(port);
    if (before && before.path !== path) this.unplug(port);
    this.machines.plug({ port, machine, name, mac: parseMac(mac) ?? 0, mtu });
    // Only who it is has become another: its cable stays in.
    if (before?.path === path) return;
    const { events } = this.options;
    const plugged = new StreamPort(port, path, this.bridge, this.clock, {
      link: (state, reason) => {
        events.link(port, state, reason);
        if (state === 'up') this.gateway?.joined();
      },
    });
    plugged.setCondition(this.conditions[port] ?? null);
    this.ports.set(port, plugged);
  }

  unplug(port: string): void {
    this.ports.get(port)?.close();
    this.ports.delete(port);
    this.machines.unplug(port);
  }

  /** Begins to capture; what an earlier capture has is given up. */
  startCapture(request: CaptureRequest): CaptureStatus {
    this.capture?.stop();
    const capture = (this.capture = new Capture({
      request,
      wallClock: () => performance.timeOrigin + performance.now(),
      nameOf: (port) => this.machines.cardOf(port)?.name ?? this.uplink?.nameOf(port) ?? port,
    }));
    this.taps.set('capture', capture);
    return capture.status;
  }

  /** What was captured stays. */
  stopCapture(): CaptureStatus | null {
    this.capture?.stop();
    this.taps.set('capture', undefined);
    return this.captureStatus();
  }

  captureStatus(): CaptureStatus | null {
    return this.capture?.status ?? null;
  }

  /** @throws Failure `network.no-capture` */
  captured(): Capture {
    if (this.capture) return this.capture;
    throw new Failure('network.no-capture', phrase('network.noCapture'));
  }

  statistics(): NetworkStatistics {
    return {
      ports: [...this.ports.values(), ...(this.uplink ? [this.uplink.port] : [])].map(({ id, counters }) => ({
        port: id,
        ...counters,
      })),
      stations: this.bridge.stations.size,
      connections: this.gateway?.counts.connections ?? 0,
      flows: this.gateway?.counts.flows ?? 0,
    };
  }

  /** The busiest flows since this was asked the last time; whoever asks once a second keeps them looked at. */
  flows(): FlowReport {
    return this.watched.report();
  }

  leases(): LeaseReport[] {
    const now = (this.options.wallClock ?? Date.now)();
    const all = this.gateway?.leases.all() ?? [];
    return all
      .filter(({ expires }) => expires > now)
      .map(({ mac, address, hostName, expires }) => ({
        mac: formatMac(mac),
        address: formatIpv4(address),
        hostName,
        expires: new Date(expires).toISOString(),
      }));
  }

  /** Unplugs everything and writes down what is to be kept. */
  async close(): Promise<void> {
    this.closed = true;
    await this.turn;
    for (const port of [...this.ports.keys()]) this.unplug(port);
    await Promise.all([this.uplink?.close(), this.gateway?.close()]);
    this.watched.end();
    this.bridge.close();
    await this.keeper.close();
  }

  /** Machines that are kept apart still reach the gateway, and this computer by its device. */
  private keepApart(): void {
    const reached = [this.gatewayPort, this.uplink?.port].filter((port) => port !== undefined);
    this.bridge.separate = this.apart ? new Set(reached) : undefined;
  }

  /** @returns the leases that it has given; undefined where there was none */
  private async removeGateway(): Promise<Lease[] | undefined> {
    const { gateway } = this;
    this.gateway = undefined;
    if (this.gatewayPort) this.gatewayPort.gateway = undefined;
    await gateway?.close();
    return gateway?.leases.all();
  }
}

/**
 * The gateway's hardware address: always the same for a network, so that guests need not learn another one when its
 * process, or a saved machine, has been started again. Locally administered, an address of one station (IEEE 802, 8.4).
 */
function gatewayMac(network: string): number {
  return 0x02_56_00_00_00_00 + createHash('sha256').update(`gateway of ${network}`).digest().readUInt32BE();
}
