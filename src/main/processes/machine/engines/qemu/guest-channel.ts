import { Failure } from '@shared/errors';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import { phrase } from '@shared/phrases/phrase';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { CommandQueue } from '../../command-queue';
import { agentLine } from './arguments/characters';
import { GuestAgent } from './guest-agent';

/** When a program in the guest is first asked whether it has ended, and how seldom it is at last; in milliseconds. */
const firstLookMs = 20;
const lookMs = 500;
/** How long a guest may take to set its clock by a program, in seconds. */
const dateSeconds = 20;
/** How old the guest's addresses may be, in milliseconds. */
const addressesMs = 10_000;

/** The way to the guest agent of one machine: one conversation at a time, and only while somebody listens. */
export class GuestChannel {
  readonly #turns = new CommandQueue();
  #addresses: string[] | undefined;
  #asked = -Infinity;

  constructor(
    private readonly client: QmpClient,
    /** Of QEMU's end of the channel; null where there is none. */
    private readonly path: string | null,
  ) {}

  /**
   * Runs `task` with the agent; undefined when no agent has opened its end of the channel.
   * @throws Failure as `GuestAgent`
   */
  use<T>(task: (agent: GuestAgent) => Promise<T>): Promise<T | undefined> {
    return this.#turns.run(async () => {
      const lines = await this.client.execute('query-chardev', {});
      const line = lines.find(({ label }) => label === agentLine);
      return this.path !== null && line?.['frontend-open'] ? GuestAgent.with(this.path, task) : undefined;
    });
  }

  /**
   * Runs a program in the guest. Others may speak with the agent meanwhile.
   *
   * @throws Failure `host.unavailable` where no agent listens, `timeout`, `engine.failed` what the agent says
   */
  async exec({ command, input, seconds }: ExecRequest): Promise<ExecResult> {
    const end = performance.now() + seconds * 1000;
    const pid = await this.use((agent) => agent.exec(command, input));
    for (let wait = firstLookMs; pid !== undefined; wait = Math.min(wait * 2, lookMs)) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      const said = await this.use(async (agent) => ({ result: await agent.execStatus(pid) })).catch(
        whileFrozen,
      );
      if (!said) break;
      if (said.result) return said.result;
      if (performance.now() > end) {
        throw new Failure('timeout', phrase('agent.timeout', { seconds }), {
          hint: phrase('agent.timeoutHint'),
        });
      }
    }
    throw new Failure('host.unavailable', phrase('agent.none'), { hint: phrase('agent.noneHint') });
  }

  /**
   * Sets the guest's clock to the host's. Agents on Linux leave that to `hwclock`, which small systems lack: `date`
   * does it there.
   *
   * @returns false where no agent listens
   * @throws Failure as `GuestAgent`: what the agent said at first, where `date` cannot do it either
   */
  async setClock(): Promise<boolean> {
    try {
      return (await this.use((agent) => agent.setTime(Date.now()).then(() => true))) ?? false;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'engine.failed') throw error;
      const now = `@${Math.round(Date.now() / 1000)}`;
      const set = this.exec({ command: ['date', '-u', '-s', now], seconds: dateSeconds });
      const status = await set.then(
        (result) => result.status,
        () => null, // the agent may be forbidden to run programs
      );
      if (status !== 0) throw error;
      return true;
    }
  }

  /** The guest's addresses as it told them last; asks again now and then, without making the caller wait. */
  addresses(): string[] | undefined {
    const now = performance.now();
    if (now - this.#asked >= addressesMs) {
      this.#asked = now;
      this.use((agent) => agent.addresses()).then(
        (addresses) => (this.#addresses = addresses),
        () => (this.#addresses = undefined), // an agent that says nothing is as good as none
      );
    }
    return this.#addresses;
  }
}

/** While its file systems are frozen for a snapshot, an agent tells nothing of programs: that is waited for. */
function whileFrozen(error: unknown): { result: undefined } {
  if (error instanceof Failure && /frozen/.test(error.message)) return { result: undefined };
  throw error;
}
