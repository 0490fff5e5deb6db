import type { Socket } from 'node:net';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { frameText, TextFrames } from '@shared/ipc/text-frames';
import type { ClipboardSharing } from '@shared/machine/config';
import { AgentReader } from './agent-messages';
import { ClipboardSession } from './clipboard-session';

/** What may wait for the guest or for a viewer, in bytes; what comes then is left out. */
const waitingLimit = 64 * 1024;
/** After something that cannot be understood, the conversation begins anew when it was quiet for this long. */
const quietMs = 1000;

/**
 * Shares the clipboards of viewers with the agent in the guest, over the port that QEMU gives it. We speak with the
 * agent ourselves: QEMU's own `qemu-vdagent` keeps QEMU from saving the machine's state, is not in every build, and
 * knows no directions.
 */
export class ClipboardLine {
  readonly #viewers = new Set<ByteStream>();
  readonly #session: ClipboardSession;
  #reader: AgentReader | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #complained = false;

  private constructor(
    private readonly socket: Socket,
    sharing: ClipboardSharing,
    private readonly log: (line: string) => void,
  ) {
    this.#session = new ClipboardSession(sharing, {
      send: (bytes) => {
        if (socket.destroyed || socket.writableLength > waitingLimit) return false;
        socket.write(bytes);
        return true;
      },
      guestText: (text) => this.#tell(text),
    });
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => socket.destroy()); // QEMU is gone or going, which is told elsewhere
    this.opened();
  }

  static over(socket: Socket, sharing: ClipboardSharing, log: (line: string) => void): ClipboardLine {
    return new ClipboardLine(socket, sharing, log);
  }

  /** A program in the guest has opened the port anew: nothing of an older conversation counts. */
  opened(): void {
    clearTimeout(this.#quiet);
    this.#reader = new AgentReader(ClipboardSession.longestMessage, (message) =>
      this.#session.receive(message),
    );
    this.#session.begin();
  }

  connect(stream: ByteStream): void {
    this.#viewers.add(stream);
    stream.onClose(() => this.#viewers.delete(stream));
    const frames = new TextFrames((text) => this.#session.offer(text));
    stream.onData((data) => frames.take(data));
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.socket.destroy();
    for (const viewer of [...this.#viewers]) viewer.close();
  }

  #receive(data: Uint8Array): void {
    try {
      if (this.#reader) this.#reader.take(data);
      else this.#quiet?.refresh();
    } catch (error) {
      if (!this.#complained) this.log(`The guest’s clipboard agent cannot be understood: ${String(error)}`);
      this.#complained = true;
      // As after a restored state that was saved in the middle of a message.
      this.#reader = undefined;
      this.#quiet = setTimeout(() => this.opened(), quietMs);
    }
  }

  #tell(text: string): void {
    const frame = frameText(text);
    for (const viewer of this.#viewers) if (viewer.unsent <= waitingLimit) viewer.send(frame);
  }
}
