import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { CommandQueue } from '../../command-queue';
import { agentLine } from './arguments/characters';
import { GuestAgent } from './guest-agent';

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
