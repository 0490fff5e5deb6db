import { toErrorValue } from '@shared/errors';
import type { TerminalTask } from '@shared/ipc/terminal-process';
import type { Log } from '../platform/log';
import type { HostedProcess, ProcessHost, StreamEndpoint } from '../platform/process-host';
import { findSsh, sshArguments, sshUserOf } from '../platform/ssh';
import { type NetworksForSsh, sshWay } from '../platform/ssh-way';

/** A terminal on a machine, as a page asks for it. It says as whom; everything else is known here. */
export interface TerminalWanted {
  machine: string;
  /** `ssh` in the machine's folder. */
  folder: string;
  /** Null: as last time. */
  user: string | null;
  columns: number;
  rows: number;
}

/** Logs in to machines with the system's ssh, each in a process of its own that a page is joined to. */
export class TerminalService {
  private readonly open = new Set<HostedProcess>();

  constructor(
    private readonly processHost: ProcessHost,
    private readonly networks: NetworksForSsh,
    private readonly log: Log,
  ) {}

  /** Gives the page's end of the stream to a new terminal; what stands in the way is said in it. */
  start(wanted: TerminalWanted, endpoint: StreamEndpoint): void {
    const child = this.processHost.start('terminal-process', `ssh ${wanted.machine}`);
    this.open.add(child);
    const ended = child.exited.then(() => this.open.delete(child));
    void this.prepare(wanted).then(
      ({ task, close }) => {
        child.giveStream(task, endpoint);
        // Whatever became of it in the meantime: the way there goes when it has ended.
        void ended
          .then(close)
          .catch((error: unknown) => this.log.warn('the forward of a terminal stays', error));
      },
      (error: unknown) => {
        const { message, hint } = toErrorValue(error);
        const text = [message, hint].filter((line) => line !== undefined).join('\n');
        child.giveStream({ kind: 'say', text } satisfies TerminalTask, endpoint);
      },
    );
  }

  close(): void {
    for (const child of this.open) child.kill();
  }

  private async prepare(wanted: TerminalWanted): Promise<{ task: TerminalTask; close(): Promise<void> }> {
    const { machine, folder, columns, rows } = wanted;
    const program = await findSsh();
    const user = await sshUserOf(folder, wanted.user ?? undefined);
    const { place, close } = await sshWay(this.networks, machine);
    const args = sshArguments({ place, machine, folder, user, rest: [] });
    return { task: { kind: 'run', program, args, columns, rows }, close };
  }
}
