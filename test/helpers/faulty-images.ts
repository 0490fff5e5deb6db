import { Failure } from '@shared/errors';
import type { BlockDevice } from '../../src/main/disks/block-device';
import { hostImages, type ImageOpener } from '../../src/main/processes/machine/images';

/** Real images on a host whose disk fills up, breaks, and is repaired, as a test likes it. */
export class FaultyImages implements ImageOpener {
  /** While set, writes and flushes fail with it. */
  writeFault: Failure | undefined;
  /** While set, reads fail with it. */
  readFault: Failure | undefined;
  /** While set, writes wait for it. */
  writeGate: Promise<void> | undefined;
  open = 0;

  async disk(path: string): Promise<BlockDevice> {
    return this.#wrap(await hostImages.disk(path));
  }

  async medium(path: string): Promise<BlockDevice> {
    return this.#wrap(await hostImages.medium(path));
  }

  #wrap(device: BlockDevice): BlockDevice {
    this.open++;
    const fail = (fault: Failure | undefined): void => {
      if (fault) throw fault;
    };
    return {
      size: device.size,
      readOnly: device.readOnly,
      read: async (offset, length) => {
        fail(this.readFault);
        return device.read(offset, length);
      },
      readInto: async (offset, into) => {
        fail(this.readFault);
        await device.readInto(offset, into);
      },
      write: async (offset, data) => {
        await this.writeGate;
        fail(this.writeFault);
        await device.write(offset, data);
      },
      flush: async () => {
        fail(this.writeFault);
        await device.flush();
      },
      ...(device.pull && { pull: (below, options) => device.pull?.(below, options) ?? Promise.resolve() }),
      close: async () => {
        this.open--;
        await device.close();
      },
    };
  }
}

export function diskFull(): Failure {
  return new Failure('file.no-space', 'No space is left on the device.');
}
