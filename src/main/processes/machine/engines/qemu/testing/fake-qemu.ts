import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { LineSplitter } from '../../../../../platform/qmp/line-splitter';

/** The memory that it hands out: so many pieces of so many bytes. */
export const pieces = 40;
export const pieceLength = 64 * 1024;

type Answer = (args: Record<string, unknown>) => unknown;

/** As much of QEMU as tells what it was asked, and hands out a memory. */
export class FakeQemu {
  readonly commands: string[] = [];
  /** Bytes that somebody took. */
  taken = 0;
  status = 'none';
  /** What it answers to some commands; what one rejects with is why it refuses. To every other it answers `{}`. */
  readonly answers = new Map<string, Answer>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(
        '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n',
      );
      const lines = new LineSplitter(1e6);
      // One answer after the other, as QEMU gives them.
      let before: Promise<unknown> = Promise.resolve();
      socket.on('data', (data) => {
        for (const line of lines.push(data)) {
          before = before.then(async () => socket.write(`${JSON.stringify(await this.#answer(line))}\r\n`));
        }
      });
    });
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
  }

  async #answer(line: string): Promise<object> {
    const {
      execute,
      id,
      arguments: args,
    } = JSON.parse(line) as { execute: string; id: number; arguments: Record<string, unknown> };
    this.commands.push(execute);
    if (execute === 'migrate') void this.#migrate(String(args['uri']).slice('unix:'.length));
    if (execute === 'migrate_cancel') this.status = 'cancelled';
    if (execute === 'query-migrate') return { return: { status: this.status }, id };
    try {
      return { return: (await this.answers.get(execute)?.(args)) ?? {}, id };
    } catch (error) {
      return { error: { class: 'GenericError', desc: String(error) }, id };
    }
  }

  async #migrate(path: string): Promise<void> {
    this.status = 'active';
    const socket = createConnection(path);
    let gone = false;
    socket.on('error', () => (gone = true)).on('close', () => (gone = true));
    await once(socket, 'connect');
    for (let piece = 0; piece < pieces && !gone; piece++) {
      await new Promise((resolve) => socket.write(Buffer.alloc(pieceLength, piece), resolve));
      if (!gone) this.taken += pieceLength;
    }
    socket.end();
    if (!gone) this.status = 'completed';
  }
}
