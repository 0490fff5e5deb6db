import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from './block-device';
import { openHostFile } from './host-file';
import type { DiskFormat } from './image-format';
import { partitionTableExtent } from './partition-table';
import { openQcow2 } from './qcow2/open';
import { openRawFile } from './raw/raw-disk';

/** Read at a time, in bytes. */
const chunkSize = 2 ** 20;
const zeros = new Uint8Array(chunkSize);

/**
 * Makes a disk shorter, if nothing is lost by it: all that is beyond the new end reads as zeros, and the partition
 * table, or what it describes, does not reach beyond it. Stopped at any moment, it leaves a disk of the old size or of
 * the new one.
 *
 * @param size in bytes, less than what it is now; rounded up to whole sectors of 512
 * @throws Failure `disk.in-use`, `input.invalid` with the reason, `disk.*`, `file.*`
 */
export async function shrinkDisk(path: string, format: DiskFormat, size: number): Promise<void> {
  const wanted = Math.max(1, Math.ceil(size / 512)) * 512;
  if (format === 'qcow2') {
    const disk = await openQcow2(path, { readOnly: false });
    try {
      await refuseLoss(disk, wanted, (from) => disk.stretchesWithData(from));
      await disk.shrink(wanted);
    } finally {
      await disk.close();
    }
    return;
  }
  const file = await openHostFile(path, { readOnly: false });
  const disk = await openRawFile(file);
  try {
    await refuseLoss(disk, wanted, (from) => [{ offset: from, length: disk.size - from }]);
    await file.truncate(wanted);
    await file.datasync();
  } finally {
    await disk.close();
  }
}

interface Stretch {
  offset: number;
  length: number;
}

/** Where something other than zeros may be, from an offset on. */
type Candidates = (from: number) => Iterable<Stretch> | AsyncIterable<Stretch>;

async function refuseLoss(disk: BlockDevice, size: number, candidates: Candidates): Promise<void> {
  if (size >= disk.size) throw new Failure('input.invalid', phrase('image.notBigger'));
  const extent = await partitionTableExtent(disk);
  if (extent?.table === 'GPT' && extent.end > size) {
    throw new Failure('input.invalid', phrase('image.gpt'), {
      hint: phrase('image.gptHint'),
    });
  }
  if (extent && extent.end > size) {
    throw new Failure('input.invalid', phrase('image.partition', { end: extent.end }), {
      hint: phrase('image.partitionHint'),
    });
  }
  const data = await findData(disk, candidates(size));
  if (data !== undefined) {
    throw new Failure('input.invalid', phrase('image.dataBeyond', { offset: data }), {
      hint: phrase('image.dataBeyondHint'),
    });
  }
  // A file system on the disk itself may end anywhere, also where there are only zeros.
  if (extent === undefined && (await findData(disk, candidates(0))) !== undefined) {
    throw new Failure('input.invalid', phrase('image.noTable'), {
      hint: phrase('image.noTableHint'),
    });
  }
}

/** Where the first chunk is that does not only have zeros in it. */
async function findData(disk: BlockDevice, candidates: ReturnType<Candidates>): Promise<number | undefined> {
  for await (const { offset, length } of candidates) {
    for (let done = 0; done < length; done += chunkSize) {
      const bytes = await disk.read(offset + done, Math.min(chunkSize, length - done));
      if (Buffer.compare(bytes, zeros.subarray(0, bytes.length)) !== 0) return offset + done;
    }
  }
  return undefined;
}
