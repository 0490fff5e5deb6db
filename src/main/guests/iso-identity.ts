import { openSource, withBudget } from '../disks/media/byte-source';
import { readDescriptors } from '../disks/media/iso9660';

/** What the primary volume descriptor of a CD says of it (ECMA-119, 8.4); the size in bytes. */
export interface IsoIdentity {
  volumeId: string;
  systemId: string;
  publisherId: string;
  applicationId: string;
  volumeSize: number;
}

/** Undefined for what is no CD image. @throws Failure `file.*` */
export async function readIsoIdentity(path: string): Promise<IsoIdentity | undefined> {
  const source = await openSource(path);
  try {
    const volume = (await readDescriptors(withBudget(source)))?.volume;
    if (!volume) return undefined;
    const {
      volumeId,
      systemId,
      publisher: publisherId,
      application: applicationId,
      size: volumeSize,
    } = volume;
    return { volumeId, systemId, publisherId, applicationId, volumeSize };
  } finally {
    await source.close();
  }
}
