import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Pack } from './pack';
import type { ChunkKey } from './pack-format';
import { packNames } from './packs';
import { memoryImages, packFolderName, unlessGone, visitChunks } from './references';

/** What an image occupies, in bytes: alone, and together with others. */
export interface ImageBytes {
  own: number;
  shared: number;
}

/**
 * How often each chunk of a machine is in use. Nothing of this is kept on the disk, where it could be wrong: it is
 * counted from the images whenever somebody wants to know.
 */
export class ChunkCounts {
  readonly #numbers = new Map<ChunkKey, number>();
  /** By number: what a chunk occupies, and in how many images it is. */
  readonly #bytes: number[] = [];
  readonly #counts: number[] = [];
  /** By image: its chunks, each once, and the length of its own file. */
  readonly #images = new Map<string, { chunks: Uint32Array; fileBytes: number }>();

  /** @param folder of a machine. @throws Failure `file.*`, `saved-state.*` */
  static async of(folder: string): Promise<ChunkCounts> {
    const counts = new ChunkCounts();
    const packs = join(folder, packFolderName);
    for (const name of await packNames(packs)) await counts.#addPack(join(packs, name));
    for (const image of await memoryImages(folder)) {
      await unlessGone(image, () => counts.#addImage(image));
    }
    return counts;
  }

  /** Undefined for what is no image of the machine. @param image absolute path */
  bytesOf(image: string): ImageBytes | undefined {
    const found = this.#images.get(image);
    if (!found) return undefined;
    const bytes = { own: found.fileBytes, shared: 0 };
    for (const chunk of found.chunks) {
      bytes[(this.#counts[chunk] ?? 0) > 1 ? 'shared' : 'own'] += this.#bytes[chunk] ?? 0;
    }
    return { own: Math.round(bytes.own), shared: Math.round(bytes.shared) };
  }

  /** What nobody would need without these images, in bytes. @param images absolute paths */
  freedWithout(images: readonly string[]): number {
    const left = new Map<number, number>();
    let freed = 0;
    for (const image of images) {
      const { chunks = [], fileBytes = 0 } = this.#images.get(image) ?? {};
      freed += fileBytes;
      for (const chunk of chunks) {
        const count = (left.get(chunk) ?? this.#counts[chunk] ?? 0) - 1;
        left.set(chunk, count);
        if (count === 0) freed += this.#bytes[chunk] ?? 0;
      }
    }
    return Math.round(freed);
  }

  /** Whether an image has this chunk. */
  isUsed(key: ChunkKey): boolean {
    const number = this.#numbers.get(key);
    return number !== undefined && (this.#counts[number] ?? 0) > 0;
  }

  async #addPack(path: string): Promise<void> {
    const pack = await Pack.open(path);
    await pack.close();
    for (const { chunks, length: frameLength, storedLength } of pack.frames) {
      for (const { key, length } of chunks) this.#number(key, (length * storedLength) / frameLength);
    }
  }

  #number(key: ChunkKey, bytes: number): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#bytes.push(bytes) - 1;
    this.#counts.push(0);
    this.#numbers.set(key, number);
    return number;
  }

  async #addImage(path: string): Promise<void> {
    const chunks = new Set<number>();
    await visitChunks(path, (key) => chunks.add(this.#number(key, 0)));
    for (const chunk of chunks) this.#counts[chunk] = (this.#counts[chunk] ?? 0) + 1;
    const { size } = await stat(path);
    this.#images.set(path, { chunks: Uint32Array.from(chunks), fileBytes: size });
  }
}
