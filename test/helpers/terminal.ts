import type { ByteStream } from '@shared/ipc/byte-stream';

/** A person at a serial port: types, and waits for what appears. */
export class Terminal {
  #text = '';
  #closed = false;
  readonly #checks = new Set<() => void>();

  constructor(private readonly stream: ByteStream) {
    const decoder = new TextDecoder('latin1');
    stream.onData((data) => {
      this.#text += decoder.decode(data, { stream: true });
      for (const check of [...this.#checks]) check();
    });
    stream.onClose(() => {
      this.#closed = true;
      for (const check of [...this.#checks]) check();
    });
  }

  /** All that has appeared. */
  get text(): string {
    return this.#text;
  }

  type(text: string): void {
    this.stream.send(new TextEncoder().encode(text));
  }

  /**
   * Resolves to what has appeared from `from` on up to the end of `pattern`.
   * @throws Error with the last output after `timeoutMs`
   */
  waitFor(pattern: string | RegExp, timeoutMs = 120_000, from = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#checks.delete(check);
      };
      const fail = (why: string): void => {
        finish();
        reject(
          new Error(`${why} while waiting for ${String(pattern)}; last output: ${this.#text.slice(-400)}`),
        );
      };
      const check = (): void => {
        const text = this.#text.slice(from);
        const found = typeof pattern === 'string' ? text.indexOf(pattern) : text.search(pattern);
        if (found >= 0) {
          const length = typeof pattern === 'string' ? pattern.length : (pattern.exec(text)?.[0].length ?? 0);
          finish();
          resolve(text.slice(0, found + length));
        } else if (this.#closed) fail('The stream ended');
      };
      const timer = setTimeout(() => fail('Time ran out'), timeoutMs);
      this.#checks.add(check);
      check();
    });
  }

  /** Types a line and waits for `pattern` in what appears after it. */
  async ask(line: string, pattern: string | RegExp, timeoutMs?: number): Promise<string> {
    const from = this.#text.length;
    this.type(line);
    return this.waitFor(pattern, timeoutMs, from);
  }
}
