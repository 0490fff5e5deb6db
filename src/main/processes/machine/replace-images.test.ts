import { describe, expect, it } from 'vitest';
import type { BlockDevice } from '../../disks/block-device';
import type { ImageOpener } from './images';
import { type ReplaceableDisk, replaceImages } from './replace-images';

/** Opens everything but the paths that it is told to refuse; what is open is remembered. */
function opener(refused: string[]): ImageOpener & { open: string[] } {
  const open: string[] = [];
  const disk = async (path: string): Promise<BlockDevice> => {
    if (refused.includes(path)) throw new Error(`refused ${path}`);
    open.push(path);
    return {
      size: 512,
      readOnly: false,
      read: async (_offset, length) => new Uint8Array(length),
      readInto: async (_offset, into) => void into.fill(0),
      write: async () => {},
      flush: async () => {},
      close: async () => void open.splice(open.indexOf(path), 1),
    };
  };
  return { open, disk, medium: disk };
}

async function guestDisk(id: string, images: ImageOpener): Promise<ReplaceableDisk> {
  let device = await images.disk(`${id}-old`);
  return {
    id,
    async replace(open, reopen) {
      await device.close();
      try {
        device = await open();
      } catch (error) {
        device = await reopen();
        throw error;
      }
    },
  };
}

const paths = (suffix: string): Map<string, string> =>
  new Map(['a', 'b', 'c'].map((id) => [id, `${id}-${suffix}`]));

describe('replaceImages', () => {
  const disks = (images: ImageOpener): Promise<ReplaceableDisk[]> =>
    Promise.all(['a', 'b', 'c'].map((id) => guestDisk(id, images)));

  it('opens the new image of every disk and closes the old', async () => {
    const images = opener([]);
    const after = await replaceImages(await disks(images), paths('old'), paths('new'), images);
    expect(after).toEqual(paths('new'));
    expect(images.open.sort()).toEqual(['a-new', 'b-new', 'c-new']);
  });

  it.each(['a-new', 'b-new', 'c-new'])(
    'has every old image open again when %s cannot be opened',
    async (bad) => {
      const images = opener([bad]);
      const given = await disks(images);
      await expect(replaceImages(given, paths('old'), paths('new'), images)).rejects.toThrow(
        `refused ${bad}`,
      );
      expect(images.open.sort()).toEqual(['a-old', 'b-old', 'c-old']);
    },
  );

  it('touches nothing when a disk has no new image', async () => {
    const images = opener([]);
    const given = await disks(images);
    const incomplete = new Map([['a', 'a-new']]);
    await expect(replaceImages(given, paths('old'), incomplete, images)).rejects.toMatchObject({
      code: 'input.invalid',
    });
    expect(images.open.sort()).toEqual(['a-old', 'b-old', 'c-old']);
  });
});
