import { Failure, toErrorValue } from '@shared/errors';
import { hasStreamCables } from '@shared/engine/qemu/cables';
import type { DiskConfig, NicConfig } from '@shared/machine/config';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import { openDisk } from '../../../../disks/open-disk';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { cableOf, nicCable, nicDevice } from './arguments/network';
import { numberOf } from './arguments/places';
import { diskBlockdev, diskNode, pluggableDisk } from './arguments/storage';
import { planDisk, type PlannedDisk, type PlannedNic, planNic, type QemuPlan } from './plan';

/** How long a guest may take to let a device go, in milliseconds. */
export const usualUnplugMs = 15_000;
const slowMs = 60_000;

/** Told of a device that is gone without anybody waiting for it any more: late, or by the guest's own will. */
export type GoneListener = (id: string) => void;

type Device = { kind: 'disk'; device: PlannedDisk } | { kind: 'nic'; device: PlannedNic };

/** Somebody waits for the guest to let a device go. */
interface Waiting {
  gone(): void;
  failed(failure: Failure): void;
}

/** The disks and network cards of a running QEMU, and how they come and go while it runs. */
export class HotPlug {
  readonly #disks: Map<string, PlannedDisk>;
  readonly #nics: Map<string, PlannedNic>;
  /** Removals under way, by the devices' ids. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(
    private readonly client: QmpClient,
    private readonly plan: QemuPlan,
    private readonly onGone: GoneListener,
    private readonly log: (line: string) => void,
    private readonly unplugMs = usualUnplugMs,
  ) {
    this.#disks = new Map(plan.disks.map((disk) => [disk.id, disk]));
    this.#nics = new Map(plan.nics.map((nic) => [nic.id, nic]));
    client.on('DEVICE_DELETED', ({ device }) => {
      if (device !== undefined) void this.#deleted(device);
    });
    client.on('DEVICE_UNPLUG_GUEST_ERROR', ({ device = '' }) =>
      this.#waiting.get(device)?.failed(held(phrase('devices.refused', { device: named(device) }))),
    );
  }

  /** Those that are attached now. */
  get disks(): PlannedDisk[] {
    return [...this.#disks.values()];
  }

  hasNic(id: string): boolean {
    return this.#nics.has(id);
  }

  /**
   * @param path absolute, of an image that is complete
   * @throws Failure `engine.unsupported` for a bus that takes no devices now, `engine.failed`, `file.*`, `disk.*`:
   * nothing has been changed then
   */
  async addDisk(config: DiskConfig, path: string): Promise<void> {
    const { client, plan } = this;
    this.#refuseTaken(config.id);
    const disk = planDisk(config, plan.platform, path, plan.boot);
    const { id, bus, bootIndex, format } = disk;
    if (bus !== 'virtio' && bus !== 'scsi' && bus !== 'nvme') {
      throw new Failure('engine.unsupported', phrase('device.noLiveBus', { bus }), {
        hint: phrase('device.noLiveBusHint'),
      });
    }
    // Looked at here first: what QEMU says of an image that it cannot use is hard to understand.
    await (await openDisk(path, { readOnly: true, format })).close();
    await client.execute('blockdev-add', diskBlockdev(disk), slowMs);
    try {
      await client.execute('device_add', pluggableDisk({ id, bus, bootIndex }, plan.platform), slowMs);
    } catch (error) {
      await this.#tidy('blockdev-del', { 'node-name': diskNode(id) });
      throw error;
    }
    this.#disks.set(id, disk);
  }

  /** Resolves when the guest has let it go and its image is closed. @throws Failure `timeout`, `engine.failed` */
  async removeDisk(id: string): Promise<void> {
    if (!this.#disks.has(id)) throw unknown('diskKind', id);
    await this.#remove(id);
  }

  /**
   * @param socket where the card listens for its switch
   * @throws Failure `engine.unsupported`, `engine.failed`: nothing has been changed then
   */
  async addNic(config: NicConfig, socket: string | null): Promise<void> {
    const { client, plan } = this;
    this.#refuseTaken(config.id);
    const { platform, host, boot } = plan;
    const nic = planNic(config, platform, hasStreamCables(host.version) ? socket : null, boot);
    await client.execute('netdev_add', nicCable(nic));
    try {
      await client.execute('device_add', nicDevice(nic, platform), slowMs);
      if (!nic.connected) await client.execute('set_link', { name: nic.id, up: false });
    } catch (error) {
      await this.#tidy('netdev_del', { id: cableOf(nic.id) });
      throw error;
    }
    this.#nics.set(nic.id, nic);
  }

  /** Resolves when the guest has let it go. @throws Failure `timeout`, `engine.failed` */
  async removeNic(id: string): Promise<void> {
    if (!this.#nics.has(id)) throw unknown('cardKind', id);
    await this.#remove(id);
  }

  /** Closes the image of a disk that has gone while something else had it in use. */
  async tidyDisk(id: string): Promise<void> {
    if (!this.#disks.has(id)) await this.#tidy('blockdev-del', { 'node-name': diskNode(id) });
  }

  giveUp(): void {
    for (const waiting of [...this.#waiting.values()]) {
      waiting.failed(new Failure('cancelled', phrase('machine.poweredOff')));
    }
  }

  async #remove(id: string): Promise<void> {
    const letGo = this.#letGo(id);
    try {
      await this.client.execute('device_del', { id }).catch((error: unknown) => {
        // The guest has been asked before, and may still do it.
        if (!/already in the process of unplug/.test(toErrorValue(error).message)) throw error;
      });
    } catch (error) {
      letGo.forget();
      throw error;
    }
    await letGo.done;
  }

  /** Waits for the guest; to be called before it is asked. */
  #letGo(id: string): { done: Promise<void>; forget: () => void } {
    let timer: NodeJS.Timeout;
    const forget = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    };
    const done = new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        gone: () => {
          forget();
          resolve();
        },
        failed: (failure) => {
          forget();
          reject(failure);
        },
      };
      const seconds = Math.round(this.unplugMs / 1000);
      timer = setTimeout(
        () => waiting.failed(held(phrase('devices.held', { device: named(id), seconds }))),
        this.unplugMs,
      );
      this.#waiting.set(id, waiting);
    });
    // Whoever asked has an error of its own when it never came to waiting.
    done.catch(() => undefined);
    return { done, forget };
  }

  /** QEMU has removed a device: what was behind it is of no more use. */
  async #deleted(id: string): Promise<void> {
    const device = this.#device(id);
    if (!device) return;
    if (device.kind === 'disk') {
      this.#disks.delete(id);
      // Images that were put on top have gone with the device; the first one is closed here.
      await this.#tidy('blockdev-del', { 'node-name': diskNode(id) });
    } else {
      this.#nics.delete(id);
      await this.#tidy('netdev_del', { id: cableOf(id) });
    }
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.gone();
    else this.onGone(id);
  }

  #device(id: string): Device | undefined {
    const disk = this.#disks.get(id);
    if (disk) return { kind: 'disk', device: disk };
    const nic = this.#nics.get(id);
    return nic && { kind: 'nic', device: nic };
  }

  #refuseTaken(id: string): void {
    if (this.#device(id)) throw new Failure('input.invalid', phrase('device.isThere', { device: id }));
  }

  /** Removes what a device leaves in QEMU. That it stays there changes nothing for the guest. */
  async #tidy(
    ...call: ['blockdev-del', { 'node-name': string }] | ['netdev_del', { id: string }]
  ): Promise<void> {
    const { client } = this;
    const done = call[0] === 'blockdev-del' ? client.execute(...call) : client.execute(...call);
    await done.catch((error: unknown) => {
      const { message } = toErrorValue(error);
      // The first image of a disk was closed when it had been merged.
      if (!/find node/i.test(message)) this.log(`Left in QEMU: ${message}`);
    });
  }
}

function held(message: Phrase): Failure {
  return new Failure('timeout', message, { hint: phrase('devices.heldHint') });
}

/** As people count devices. */
function named(id: string): Phrase {
  return phrase(id.startsWith('nic') ? 'devices.nic' : 'devices.disk', { number: numberOf(id) + 1 });
}

function unknown(what: 'diskKind' | 'cardKind', id: string): Failure {
  return new Failure(
    'input.invalid',
    phrase('device.isMissing', { what: phrase(`device.${what}`), device: id }),
  );
}
