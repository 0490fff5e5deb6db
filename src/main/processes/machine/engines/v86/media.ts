import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ImageOpener } from '../../images';
import { type DiskHost, floppySize, GuestDisk } from './disk';
import type { V86Cpu } from './emulator-types';

/** A drive for media that can be changed while the machine runs. */
export class MediaDrive {
  #disk: GuestDisk | undefined;

  constructor(
    readonly id: string,
    private readonly kind: { type: 'cdrom' } | { type: 'floppy'; index: 0 | 1 },
    private readonly opener: ImageOpener,
    private readonly host: DiskHost,
  ) {}

  /** What is inserted. */
  get disk(): GuestDisk | undefined {
    return this.#disk;
  }

  /** Puts an image in before the machine exists. @throws Failure */
  async load(path: string): Promise<void> {
    this.#disk = await this.#open(path);
  }

  /** Makes the drive of a machine that has just been set up, or restored, what it should be. */
  settle(cpu: V86Cpu): void {
    if (this.kind.type === 'floppy') {
      const drive = cpu.devices.fdc.drives[this.kind.index];
      drive.read_only = true;
      if (this.#disk?.restoredEmpty) drive.buffer = null;
    } else if (this.#disk?.restoredEmpty) {
      // The guest had opened the drive itself.
      cpu.devices.cdrom.buffer = null;
    }
  }

  /**
   * Changes the medium of a running machine; null takes it out.
   * @throws Failure when the image cannot be opened; the old medium stays then
   */
  async change(cpu: V86Cpu, path: string | null): Promise<void> {
    const next = path === null ? undefined : await this.#open(path);
    const before = this.#disk;
    try {
      if (before) await this.host.problems.guard(before.idle());
    } catch (error) {
      await next?.close();
      throw error;
    }
    // From here to the end of this turn nothing else runs, so no request can come in between.
    if (this.kind.type === 'cdrom') {
      cpu.devices.cdrom.eject();
      if (next) cpu.devices.cdrom.set_cdrom(next);
    } else {
      const drive = cpu.devices.fdc.drives[this.kind.index];
      drive.eject_disk();
      if (next) drive.insert_disk(next, true);
    }
    this.#disk = next;
    await before?.close();
  }

  async #open(path: string): Promise<GuestDisk> {
    const device = await this.opener.medium(path);
    try {
      const size = this.kind.type === 'floppy' ? floppySize(device.size) : device.size;
      return new GuestDisk(this.id, device, this.host, size);
    } catch (error) {
      await device.close();
      throw error;
    }
  }
}

export function unknownDrive(id: string): Failure {
  return new Failure('input.invalid', phrase('device.noDrive', { drive: id }));
}
