import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { corrupt } from '../saved-state/format';
import { namesIn } from '../names-in';
import { Pack } from './pack';
import { type ChunkKey, type Frame, packName } from './pack-format';

/** Where a chunk is. */
export interface Place {
  pack: Pack;
  frame: Frame;
  /** In the data of the frame, in bytes. */
  offset: number;
  length: number;
}

/** The names of the packs in a folder; none where there is no folder. @throws Failure `file.*` */
export async function packNames(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => packName.test(name)).sort();
}

/** Open packs, and what they have between them. Close them. */
export class Packs {
  readonly #places = new Map<ChunkKey, Place>();

  private constructor(readonly packs: readonly Pack[]) {
    for (const pack of packs) {
      for (const frame of pack.frames) {
        for (const { key, offset, length } of frame.chunks) {
          if (!this.#places.has(key)) this.#places.set(key, { pack, frame, offset, length });
        }
      }
    }
  }

  /**
   * @param image what needs them: told where one is missing
   * @throws Failure `saved-state.corrupt`, and others of `Pack.open`
   */
  static async open(folder: string, names: readonly string[], image: string): Promise<Packs> {
    const packs: Pack[] = [];
    try {
      for (const name of names) packs.push(await Pack.open(join(folder, name)));
      return new Packs(packs);
    } catch (error) {
      await Promise.all(packs.map((pack) => pack.close()));
      if (error instanceof Failure && error.code === 'file.not-found') {
        throw corrupt(image, 'a file with parts of it is missing', error);
      }
      throw error;
    }
  }

  find(key: ChunkKey): Place | undefined {
    return this.#places.get(key);
  }

  async close(): Promise<void> {
    await Promise.all(this.packs.map((pack) => pack.close()));
  }
}
