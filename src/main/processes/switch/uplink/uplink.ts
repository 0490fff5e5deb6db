import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Failure } from '@shared/errors';
import type { UplinkPlan, UplinkReport } from '@shared/network/uplink';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import { endSignal, runProgram, withOurEnd } from '../../../platform/program';
import type { Clock } from '../clock';
import type { LearningSwitch } from '../ports/learning-switch';
import { StreamPort } from '../ports/stream-port';

/** The program that has ended is started again after this long, in milliseconds; it doubles up to the second. */
const firstRestartMs = 1000;
const lastRestartMs = 30_000;
const setupMs = 10_000;
/** QEMU takes a connection a moment after the system has; milliseconds. */
const acceptMs = 50;
const endMs = 2000;
const keptLines = 5;
const longestLine = 500;

export interface UplinkOptions {
  /** The port's id on the switch. */
  port: string;
  /** The device's name, for messages. */
  device: string;
  plan: UplinkPlan;
  bridge: LearningSwitch;
  clock: Clock;
  changed(report: UplinkReport): void;
}

/** A network's place on a device of this computer: a program that has it open, and a port that leads to the program. */
export class Uplink {
  readonly port: StreamPort;
  private child: ChildProcess | undefined;
  private lines: string[] = [];
  private report: UplinkReport = { state: 'connecting', problem: null };
  private restartMs = firstRestartMs;
  private cancelRestart: (() => void) | undefined;
  private closed = false;
  /** Its device has its address. */
  private ready = false;

  constructor(private readonly options: UplinkOptions) {
    const { port, plan, bridge, clock } = options;
    this.port = new StreamPort(port, plan.address, bridge, clock, {
      link: (state) => {
        if (state === 'up') void this.connected();
      },
    });
    void this.start();
  }

  /** What a capture calls its port; undefined for others. */
  nameOf(port: string): string | undefined {
    return port === this.port.id ? this.options.device : undefined;
  }

  get plan(): UplinkPlan {
    return this.options.plan;
  }

  /** The device is let go when this resolves. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelRestart?.();
    this.port.close();
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill(endSignal);
    const timer = setTimeout(() => child.kill('SIGKILL'), endMs);
    await gone;
    clearTimeout(timer);
  }

  private async start(): Promise<void> {
    const { program, args, open } = this.options.plan;
    const prefix = await withOurEnd();
    if (this.closed) return;
    this.lines = [];
    this.ready = false;
    let file: number | undefined;
    try {
      if (open !== null) file = openSync(open, 'r+');
      const [first = program, ...rest] = [...prefix, program, ...args];
      const stdio = ['pipe', 'ignore', 'pipe', ...(file === undefined ? [] : [file])] as const;
      const child = (this.child = spawn(first, rest, { stdio: [...stdio], windowsHide: true }));
      if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => this.note(line));
      // Where it has ended it cannot be told anything; that it has is told by itself.
      child.stdin?.on('error', () => {});
      child.once('error', (error) => this.note(error.message));
      child.once('close', () => this.ended());
    } catch (error) {
      this.note(error instanceof Error ? error.message : String(error));
      this.ended();
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  private note(line: string): void {
    // Two network devices and no machine is what is wanted, whatever QEMU thinks of it.
    if (line.includes('with no nics')) return;
    this.lines.push(line.slice(0, longestLine));
    if (this.lines.length > keptLines) this.lines.shift();
  }

  private ended(): void {
    if (this.closed) return;
    const why = this.lines.join(' ') || 'its program ended';
    this.fail(phrase('network.uplinkEnded', { device: this.options.device, why }));
    this.cancelRestart = this.options.clock.after(this.restartMs, () => void this.start());
    this.restartMs = Math.min(this.restartMs * 2, lastRestartMs);
  }

  private async connected(): Promise<void> {
    try {
      for (const [program = '', ...args] of this.ready ? [] : this.options.plan.setup) {
        await runProgram(program, args, setupMs);
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!this.closed) this.fail(phrase('network.uplinkSetup', { device: this.options.device, why }));
      return;
    }
    this.options.clock.after(acceptMs, () => this.go());
  }

  /** The device is ready, and so is the port: lets frames pass. */
  private go(): void {
    if (this.closed) return;
    this.child?.stdin?.write('cont\n');
    this.ready = true;
    this.restartMs = firstRestartMs;
    this.tell({ state: 'up', problem: null });
  }

  private fail(message: Phrase): void {
    this.tell({ state: 'failed', problem: new Failure('host.unavailable', message).toValue() });
  }

  private tell(report: UplinkReport): void {
    if (JSON.stringify(report) === JSON.stringify(this.report)) return;
    this.report = report;
    this.options.changed(report);
  }
}
