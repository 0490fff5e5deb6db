import { constants, createDeflate, type Deflate } from 'node:zlib';

/**
 * One zlib stream whose pieces can be decoded as soon as they have arrived. Compressing happens in Node's thread
 * pool. Fast rather than small: the other side waits for the picture.
 */
export class Deflater {
  readonly #stream: Deflate = createDeflate({ level: 1, chunkSize: 128 * 1024 });
  #parts: Buffer[] = [];
  #fail: ((error: Error) => void) | undefined;

  constructor() {
    this.#stream.on('data', (part: Buffer) => this.#parts.push(part));
    this.#stream.on('error', (error) => this.#fail?.(error));
  }

  /**
   * Compresses the next piece. One call at a time; `data` must not change meanwhile. Never resolves if the
   * stream is destroyed before.
   */
  deflate(data: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(data);
      this.#stream.flush(constants.Z_SYNC_FLUSH, () => {
        // Whatever is still in the stream's own buffer goes through the listener above.
        while (this.#stream.read() !== null);
        const result = Buffer.concat(this.#parts);
        this.#parts = [];
        resolve(result);
      });
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
