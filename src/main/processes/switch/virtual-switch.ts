import { randomBytes } from 'node:crypto';
import { type ErrorValue, Failure } from '@shared/errors';
import { formatIpv4, formatMac, parseMac } from '@shared/network/address';
import type { CaptureRequest, CaptureStatus } from '@shared/network/capture';
import type { NetworkConfig } from '@shared/network/config';
import type { LeaseReport, NetworkStatistics, PlugRequest } from '@shared/network/report';
import { phrase } from '@shared/phrases/phrase';
import { Capture } from './capture/capture';
import { type Clock, systemClock } from './clock';
import { readLeases, writeLeases } from './dhcp/lease-file';
import type { DnsServer } from './dns/upstream';
import { Gateway } from './gateway/gateway';
import { GatewayPort } from './gateway/gateway-port';
import { Machines } from './gateway/machines';
import { LearningSwitch } from './ports/learning-switch';
import { type LinkState, StreamPort } from './ports/stream-port';

/** Between two writings of the leases, in milliseconds: a guest that asks without end must not keep the disk busy. */
const writeLeasesMs = 250;

/** What becomes of forwards that have nothing to go through. */
const noGateway = new Failure('network.invalid', phrase('network.noGateway'), {
  hint: phrase('network.noGatewayHint'),
}).toValue();

export interface SwitchEvents {
  link(port: string, state: LinkState, reason?: string): void;
  leases(leases: LeaseReport[]): void;
  log(line: string): void;
}

export interface SwitchOptions {
  events: SwitchEvents;
  clock?: Clock;
  wallClock?: () => number;
  resolvers?: () => DnsServer[];
}

/** One virtual network: the switch, its ports, and its gateway. */
export class VirtualSwitch {
  private readonly clock: Clock;
  private readonly bridge: LearningSwitch;
  private readonly ports = new Map<string, StreamPort>();
  private readonly machines = new Machines();
  /** Locally administered, an address of one station (IEEE 802, 8.4). */
  private readonly gatewayPort: GatewayPort;
  private gateway: Gateway | undefined;
  private leasesPath: string | undefined;
  private conditions: NetworkConfig['conditions'] = {};
  private capture: Capture | undefined;
  private unwritten = false;
  private closed = false;
  /** Ends the pause between two writings. */
  private closing: (() => void) | undefined;
  private writing: Promise<void> | undefined;

  constructor(private readonly options: SwitchOptions) {
    this.clock = options.clock ?? systemClock;
    this.bridge = new LearningSwitch(this.clock);
    const mac = 0x02_56_00_00_00_00 + randomBytes(4).readUInt32BE();
    this.gatewayPort = new GatewayPort(mac, this.bridge, this.clock);
  }

  /** Takes over a configuration: the first one, or a changed one. @returns how each forward fares */
  async configure(config: NetworkConfig, leasesPath: string): Promise<Record<string, ErrorValue | null>> {
    this.leasesPath = leasesPath;
    this.conditions = config.conditions;
    for (const [id, port] of this.ports) port.setCondition(config.conditions[id] ?? null);
    this.bridge.separate = config.firewall.separate ? this.gatewayPort : undefined;
    if (!config.gatewayOn) {
      await this.removeGateway();
      return Object.fromEntries(config.forwards.map(({ id }) => [id, noGateway]));
    }
    if (this.gateway?.canBecome(config)) {
      this.gateway.configure(config);
    } else {
      await this.removeGateway();
      const gateway = new Gateway({
        link: this.gatewayPort.link,
        clock: this.clock,
        wallClock: this.options.wallClock ?? Date.now,
        machines: this.machines,
        config,
        leasesChanged: () => this.leasesChanged(),
        resolvers: this.options.resolvers,
      });
      gateway.leases.restore(await this.knownLeases(leasesPath));
      this.gateway = this.gatewayPort.gateway = gateway;
    }
    return this.gateway.setForwards(config.forwards);
  }

  /** Connects to a machine's socket, and stays connected. A port of that name is taken out first. */
  plug({ port, path, machine, name, mac }: PlugRequest): void {
    this.unplug(port);
    this.machines.plug({ port, machine, name, mac: parseMac(mac) ?? 0 });
    const { events } = this.options;
    const plugged = new StreamPort(port, path, this.bridge, this.clock, {
      link: (state, reason) => events.link(port, state, reason),
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
    this.capture = this.bridge.tap = new Capture({
      request,
      wallClock: () => performance.timeOrigin + performance.now(),
      nameOf: (port) => this.machines.cardOf(port)?.name ?? port,
    });
    return this.capture.status;
  }

  /** What was captured stays. */
  stopCapture(): CaptureStatus | null {
    this.capture?.stop();
    this.bridge.tap = undefined;
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
      ports: [...this.ports.values()].map(({ id, counters }) => ({ port: id, ...counters })),
      stations: this.bridge.stations.size,
      connections: this.gateway?.counts.connections ?? 0,
      flows: this.gateway?.counts.flows ?? 0,
    };
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
    for (const port of [...this.ports.keys()]) this.unplug(port);
    await this.gateway?.close();
    this.bridge.close();
    this.closing?.();
    await this.writing;
  }

  private async removeGateway(): Promise<void> {
    const { gateway } = this;
    this.gateway = undefined;
    this.gatewayPort.gateway = undefined;
    await gateway?.close();
  }

  private async knownLeases(path: string) {
    try {
      return await readLeases(path);
    } catch (error) {
      // Guests ask again; no address is lost but those that nobody holds any more.
      this.options.events.log(`The leases in ${path} cannot be read and begin anew: ${String(error)}`);
      return [];
    }
  }

  private leasesChanged(): void {
    this.options.events.leases(this.leases());
    this.unwritten = true;
    this.writing ??= this.writeLeases().finally(() => (this.writing = undefined));
  }

  /** Writes until nothing has changed meanwhile: at once, for an address that has been given away must not be lost. */
  private async writeLeases(): Promise<void> {
    while (this.unwritten) {
      this.unwritten = false;
      const { leasesPath, gateway } = this;
      if (leasesPath === undefined || !gateway) return;
      try {
        await writeLeases(leasesPath, gateway.leases.all());
      } catch (error) {
        this.options.events.log(`The leases were not written down: ${String(error)}`);
      }
      if (!this.closed) {
        await new Promise<void>((resolve) => {
          this.closing = resolve;
          this.clock.after(writeLeasesMs, resolve);
        });
      }
    }
  }
}
