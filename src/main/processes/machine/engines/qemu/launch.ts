import { rm } from 'node:fs/promises';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import { openDisk } from '../../../../disks/open-disk';
import { consumeSavedState } from '../../../../disks/saved-state/consume';
import { checkHeader, readHeader, streamSavedState } from '../../../../disks/saved-state/reader';
import { announceRun, type RunRecord } from '../../../../platform/qemu-leftovers';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { EngineEvents } from '../../engine';
import type { ImageOpener } from '../../images';
import { qemuArguments } from './arguments/arguments';
import { explainEnd } from './causes';
import { ClipboardLine } from './clipboard/clipboard-line';
import { prepareVariables } from './firmware-variables';
import { QemuMachine } from './machine';
import { connectLines } from './lines';
import { MediaDrives } from './media';
import { restoreState } from './migration';
import type { QemuPlan } from './plan';
import { QemuProcess } from './qemu-process';
import { unlockScreen } from './screen-address';
import { SerialLine } from './serial-line';
import { StateAhead } from './state-ahead';
import { makeSockets, type QemuSockets } from './sockets';
import { startTpm } from './tpm';

/** How long a QEMU may take until it can be spoken to, on a busy computer, in milliseconds. */
const startMs = 30_000;
const slowMs = 60_000;

/** One attempt to start a machine. When it fails nothing of it is left. */
export class Launch {
  #sockets: QemuSockets | undefined;
  #process: QemuProcess | undefined;
  #tpm: QemuProcess | undefined;
  #record: RunRecord | undefined;
  #client: QmpClient | undefined;
  #state: StateAhead | undefined;
  readonly #serial: SerialLine[] = [];
  #clipboard: ClipboardLine | undefined;

  constructor(
    private readonly plan: QemuPlan,
    private readonly events: EngineEvents,
    private readonly images: ImageOpener,
    private readonly unplugMs?: number,
    private readonly newSockets: () => Promise<QemuSockets> = makeSockets,
  ) {}

  /** @throws Failure as `Engine.launch` */
  async run(): Promise<QemuMachine> {
    const { plan } = this;
    await this.#checkFiles();
    await prepareVariables(plan);
    try {
      return await this.#start();
    } catch (error) {
      throw await this.#undo(error);
    }
  }

  get #identity() {
    return { engine: 'qemu', engineVersion: qemuStateVersion, hardwareDigest: this.plan.hardware };
  }

  /** Looks at every file first: what QEMU says of one that is missing or in use is hard to understand. */
  async #checkFiles(): Promise<void> {
    const { disks, cdroms, floppies, savedState } = this.plan;
    if (savedState !== null) checkHeader(await readHeader(savedState), this.#identity);
    for (const { path, format } of disks) await (await openDisk(path, { readOnly: true, format })).close();
    for (const { path } of [...cdroms, ...floppies]) {
      if (path !== null) await (await this.images.medium(path)).close();
    }
  }

  async #start(): Promise<QemuMachine> {
    const { plan, events } = this;
    if (plan.savedState !== null) this.#state = this.#readState(plan.savedState);
    const sockets = (this.#sockets = await this.newSockets());
    const { binary } = plan.host;
    const tpm = (this.#tpm = await startTpm(plan, sockets, (line) => events.log(line)));
    const record = (this.#record = await announceRun(plan.folder, sockets.folder));
    const process = await QemuProcess.start(binary, qemuArguments(plan, sockets), sockets.folder, (line) =>
      events.log(line),
    );
    this.#process = process;
    const { pid } = process;
    if (pid === undefined)
      throw new Failure('engine.not-found', phrase('qemuTalk.notStarted', { path: binary }));
    // Written down while QEMU begins; the guest does not run before it is.
    const recorded = record.running(pid);
    recorded.catch(() => undefined); // awaited below
    const lines = connectLines(sockets, plan, process.gone);
    lines.catch(() => undefined); // told below, when there is nothing better to tell
    const client = (this.#client = await QmpClient.connect(
      { path: sockets.control },
      { timeoutMs: startMs, signal: process.gone },
    ));
    const { serial, clipboard } = await lines;
    this.#serial.push(...serial.map((socket) => SerialLine.over(socket)));
    if (clipboard) {
      this.#clipboard = ClipboardLine.over(clipboard, plan.clipboard, (line) => events.log(line));
    }
    const screen = await unlockScreen(client, sockets);
    for (const { id, connected } of plan.nics) {
      if (!connected) await client.execute('set_link', { name: id, up: false });
    }
    const state = this.#state;
    if (state) await restoreState(client, plan, sockets.migration, (take) => state.pieces(take));

    const drives = new MediaDrives(plan, client, this.images, (line) => events.log(line));
    const machine = new QemuMachine({
      plan,
      process,
      tpm,
      pid,
      record,
      sockets,
      screen,
      client,
      drives,
      serial: this.#serial,
      clipboard: this.#clipboard,
      events,
      unplugMs: this.unplugMs,
    });
    await recorded;
    await this.#letRun(client);
    machine.started();
    return machine;
  }

  /** @throws Failure when the guest does not run, and nothing has been changed */
  async #letRun(client: QmpClient): Promise<void> {
    const { plan, events } = this;
    if (plan.savedState === null) {
      await client.execute('cont', {}, slowMs);
      return;
    }
    await consumeSavedState(plan.savedState);
    try {
      await client.execute('cont', {}, slowMs);
    } catch (error) {
      const problem = toErrorValue(error);
      if (problem.code === 'ipc.closed') throw error;
      // From here on this QEMU is all that has the guest's memory: it is not ended for being slow, or for refusing.
      events.pausedByProblem(problem);
    }
  }

  #readState(path: string): StateAhead {
    return new StateAhead((take) => streamSavedState(path, this.#identity, take));
  }

  /** Ends and removes what there is already; gives the error to tell. */
  async #undo(error: unknown): Promise<unknown> {
    let told = error;
    await this.#state?.stop();
    if (this.#process) {
      // When QEMU has ended by itself, its own words say more than ours.
      const byItself = await this.#process.endsWithin(endedByItself(error) ? 1000 : 0);
      if (byItself && endedByItself(error)) told = explainEnd(await this.#process.ended);
      else await this.#process.end();
    }
    await this.#tpm?.end();
    this.#client?.close();
    for (const line of this.#serial) line.close();
    this.#clipboard?.close();
    await this.#record?.remove();
    if (this.#sockets) await rm(this.#sockets.folder, { recursive: true, force: true, maxRetries: 3 });
    return told;
  }
}

/** Errors that come of a QEMU that is gone, or may. */
function endedByItself(error: unknown): boolean {
  if (!(error instanceof Failure)) return true;
  return ['cancelled', 'ipc.closed', 'engine.not-found'].includes(error.code);
}
