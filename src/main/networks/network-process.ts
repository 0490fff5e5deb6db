import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import {
  switchProcessCommands,
  type SwitchProcessCommands,
  switchProcessEvents,
  type SwitchProcessEvents,
} from '@shared/ipc/switch-process';
import { type ParamsInput, type Result, rpcClient, type RpcClient } from '@shared/ipc/rpc';
import type { CaptureRequest, CaptureStatus } from '@shared/network/capture';
import type { NetworkConfig } from '@shared/network/config';
import type { LeaseReport, LinkReport, NetworkStatistics, PlugRequest } from '@shared/network/report';
import type { UplinkPlan, UplinkReport } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import type { Log } from '../platform/log';
import type { HostedProcess, ProcessHost } from '../platform/process-host';

/** A process that dies is started again after this long, in milliseconds; it doubles for one that dies at once. */
const firstRestartMs = 200;
const lastRestartMs = 30_000;
/** One that has lived this long counts as sound. */
const soundMs = 10_000;
const endMs = 3000;

export interface NetworkListener {
  leases(leases: LeaseReport[]): void;
  statistics(statistics: NetworkStatistics): void;
  /** A cable has come up or gone, or a forward or the uplink fares otherwise. */
  changed(): void;
}

/** Finds the way to a network's device; null: it has none. @throws Failure that says what is in the way */
export type PlanUplink = (config: NetworkConfig) => Promise<UplinkPlan | null>;

/** The process of one network in use. While somebody is plugged in it is kept alive, with everything plugged in again. */
export class NetworkProcess {
  private readonly plugs = new Map<string, PlugRequest>();
  private process: HostedProcess | undefined;
  private rpc: RpcClient<SwitchProcessCommands, SwitchProcessEvents> | undefined;
  private restartMs = firstRestartMs;
  private restart: NodeJS.Timeout | undefined;
  private ended = false;
  /** Configurations are told one after the other, so that the last one is the one that stays. */
  private turn: Promise<unknown> = Promise.resolve();
  private forwards: Record<string, ErrorValue | null> = {};
  private readonly links = new Map<string, LinkReport>();
  private uplinkReport: UplinkReport | null = null;
  private proxy: ErrorValue | null = null;
  /** What is being captured: a process that is started again goes on with it, though what was captured is lost. */
  private capturing: CaptureRequest | undefined;

  constructor(
    private readonly host: ProcessHost,
    private config: NetworkConfig,
    private readonly leasesPath: string,
    private readonly listener: NetworkListener,
    private readonly planUplink: PlanUplink,
    private readonly log: Log,
  ) {
    this.start();
  }

  get isUsed(): boolean {
    return this.plugs.size > 0;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** How each forward fares; those that are missing are not known yet. */
  get forwardProblems(): Readonly<Record<string, ErrorValue | null>> {
    return this.forwards;
  }

  /** Why its proxy does not listen; null: it does, or there is none. */
  get proxyProblem(): ErrorValue | null {
    return this.proxy;
  }

  /** How its device fares; null: it has none. */
  get uplink(): UplinkReport | null {
    return this.uplinkReport;
  }

  /** What is plugged in, and whether it is connected. */
  get ports(): LinkReport[] {
    return [...this.plugs.values()].map(
      ({ port, machine }) => this.links.get(port) ?? { port, machine, state: 'connecting', reason: null },
    );
  }

  plug(request: PlugRequest): void {
    this.plugs.set(request.port, request);
    this.tell('plug', request);
  }

  unplug(port: string): void {
    this.plugs.delete(port);
    this.links.delete(port);
    this.tell('unplug', { port });
  }

  /**
   * Takes over a changed configuration. A process that is just being started again is told of it then.
   *
   * @returns how each forward fares, as far as that is known
   */
  configure(config: NetworkConfig): Promise<Readonly<Record<string, ErrorValue | null>>> {
    const before = this.config;
    this.config = config;
    const result = this.turn.then(() => this.tellConfig(config));
    this.turn = result.catch(() => {
      if (this.config === config) this.config = before;
    });
    return result;
  }

  private async tellConfig(config: NetworkConfig): Promise<Readonly<Record<string, ErrorValue | null>>> {
    const uplink = config.uplink ? await this.wayOut(config) : null;
    if (!config.uplink) this.uplinkReport = null;
    const { rpc } = this;
    if (!rpc) return {};
    try {
      const told = await rpc.call('configure', { network: config, leasesPath: this.leasesPath, uplink });
      this.forwards = told.forwards;
      this.proxy = told.proxy;
    } catch (error) {
      // Its successor is told what is current then.
      if (error instanceof Failure && error.code === 'ipc.closed') return {};
      throw error;
    }
    return this.forwards;
  }

  /** The way to its device. What is in the way is told with the network; machines reach each other without it. */
  private async wayOut(config: NetworkConfig): Promise<UplinkPlan | null> {
    this.uplinkReport ??= { state: 'connecting', problem: null };
    try {
      return await this.planUplink(config);
    } catch (error) {
      this.uplinkReport = { state: 'failed', problem: toErrorValue(error) };
      this.listener.changed();
      return null;
    }
  }

  /**
   * Asks the switch for something.
   *
   * @throws Failure of the switch, `ipc.closed` while it is being started again
   */
  async call<Name extends keyof SwitchProcessCommands & string>(
    name: Name,
    params: ParamsInput<SwitchProcessCommands, Name>,
  ): Promise<Result<SwitchProcessCommands, Name>> {
    const { rpc } = this;
    if (!rpc) throw new Failure('ipc.closed', phrase('network.startedAgain'));
    return rpc.call(name, params);
  }

  /** Begins to capture. @throws Failure of the switch, `ipc.closed` while it is being started again */
  async startCapture(request: CaptureRequest): Promise<CaptureStatus> {
    const status = await this.call('startCapture', request);
    this.capturing = request;
    return status;
  }

  /** What was captured stays. @throws Failure of the switch, `ipc.closed` while it is being started again */
  stopCapture(): Promise<CaptureStatus | null> {
    this.capturing = undefined;
    return this.call('stopCapture', {});
  }

  /** Ends the process for good. Resolves when it is gone. */
  async end(): Promise<void> {
    this.ended = true;
    clearTimeout(this.restart);
    const { process, rpc } = this;
    if (!process || !rpc) return;
    const timer = setTimeout(() => process.kill(), endMs);
    // Its end and its answer race each other.
    await rpc.call('end', {}).catch(() => process.kill());
    await process.exited;
    clearTimeout(timer);
  }

  private start(): void {
    const { name } = this.config;
    const started = performance.now();
    const process = (this.process = this.host.start('switch-process', name));
    const rpc = (this.rpc = rpcClient(process, switchProcessCommands, switchProcessEvents, (reason) =>
      this.log.once(`switch-process ${reason.slice(0, 40)}`, `The network “${name}” sent ${reason}`),
    ));
    rpc.on('leases', ({ leases }) => this.listener.leases(leases));
    rpc.on('uplink', (report) => {
      this.uplinkReport = report;
      this.listener.changed();
    });
    rpc.on('statistics', (statistics) => this.listener.statistics(statistics));
    rpc.on('link', ({ port, state, reason = null }) => {
      const plug = this.plugs.get(port);
      if (!plug || state === 'closed') return;
      this.links.set(port, { port, machine: plug.machine, state, reason });
      this.listener.changed();
    });
    rpc.on('log', ({ line }) => this.log.info(`network “${name}”: ${line}`));
    this.configure(this.config).then(
      () => this.listener.changed(),
      (error: unknown) => {
        if (!this.ended) this.log.warn(`the network “${name}” could not be set up`, error);
      },
    );
    if (this.capturing) this.tell('startCapture', this.capturing);
    for (const plug of this.plugs.values()) this.tell('plug', plug);
    void process.exited.then(({ code, signal }) => {
      this.process = undefined;
      this.rpc = undefined;
      this.links.clear();
      this.uplinkReport = null;
      this.forwards = {};
      if (this.ended) return;
      this.listener.changed();
      if (performance.now() - started > soundMs) this.restartMs = firstRestartMs;
      const tail = process.tail.slice(-3).join(' | ');
      this.log.once(
        `network ${this.config.id} ended ${code} ${signal}`,
        `the network “${name}” ended by itself (${signal ?? code}) and is started again: ${tail}`,
      );
      this.restart = setTimeout(() => this.start(), this.restartMs);
      this.restart.unref();
      this.restartMs = Math.min(this.restartMs * 2, lastRestartMs);
    });
  }

  /** What cannot be told now is told when the process is there again. */
  private tell<Name extends 'plug' | 'unplug' | 'startCapture'>(
    name: Name,
    params: ParamsInput<SwitchProcessCommands, Name>,
  ): void {
    this.rpc?.call(name, params).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'ipc.closed') return;
      this.log.warn(`the network “${this.config.name}” did not ${name}`, error);
    });
  }
}
