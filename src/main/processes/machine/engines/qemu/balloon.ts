import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { GuestMemory } from '@shared/machine/statistics';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';

/** Where QEMU keeps the device that `arguments/characters.ts` gives the machine. */
const path = '/machine/peripheral/balloon';
const mebibyte = 1024 * 1024;
/** How often the guest is asked for its figures, in seconds: each time its driver has to wake up. */
const watchedSeconds = 2;
const unwatchedSeconds = 10;
/** What a guest says of a figure that it does not know (virtio 1.2, section 5.5.6.3: all bits set). */
const unknown = 2 ** 63;

/**
 * The machine's virtio memory balloon: it takes memory from a guest whose driver plays along, and tells how much of
 * the rest is free.
 */
export class Balloon {
  /** Unknown until QEMU has been asked. */
  #present: boolean | undefined;
  #pollSeconds = 0;

  constructor(private readonly client: QmpClient) {}

  /**
   * @param watched somebody looks at the figures
   * @returns null without a balloon
   * @throws Failure when QEMU is gone
   */
  async read(watched: boolean): Promise<GuestMemory | null> {
    if (!(await this.#isThere())) return null;
    await this.#poll(watched ? watchedSeconds : unwatchedSeconds);
    const [{ actual }, answer] = await Promise.all([
      this.client.execute('query-balloon', {}),
      this.client.execute('qom-get', { path, property: 'guest-stats' }),
    ]);
    const { stats = {}, 'last-update': lastUpdate = 0 } = isTold(answer) ? answer : {};
    const figure = (name: string): number | null => {
      const value = stats[name];
      return value === undefined || value < 0 || value >= unknown ? null : value;
    };
    return {
      currentBytes: actual,
      driver: lastUpdate > 0,
      totalBytes: figure('stat-total-memory'),
      freeBytes: figure('stat-free-memory'),
      availableBytes: figure('stat-available-memory'),
    };
  }

  /**
   * Asks the guest to make do with so much memory, in MiB. It follows when it can, or never: `read` tells.
   *
   * @throws Failure `engine.unsupported` without a balloon
   */
  async setTarget(memoryMiB: number): Promise<void> {
    if (!(await this.#isThere())) {
      throw new Failure('engine.unsupported', phrase('device.noBalloon'), {
        hint: phrase('device.noBalloonHint'),
      });
    }
    await this.client.execute('balloon', { value: memoryMiB * mebibyte });
  }

  /** QEMU refuses to speak of a device that the machine does not have. */
  async #isThere(): Promise<boolean> {
    this.#present ??= await this.client.execute('query-balloon', {}).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Failure && error.code === 'engine.failed') return false;
        throw error;
      },
    );
    return this.#present;
  }

  async #poll(seconds: number): Promise<void> {
    if (seconds === this.#pollSeconds) return;
    await this.client.execute('qom-set', { path, property: 'guest-stats-polling-interval', value: seconds });
    this.#pollSeconds = seconds;
  }
}

interface Told {
  stats?: Record<string, number>;
  'last-update'?: number;
}

function isTold(value: unknown): value is Told {
  const { stats, 'last-update': lastUpdate } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof lastUpdate === 'number' &&
    typeof stats === 'object' &&
    stats !== null &&
    Object.values(stats).every((figure) => typeof figure === 'number')
  );
}
