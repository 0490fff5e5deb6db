import type { Socket } from 'node:net';
import { connectOnce } from '../../../../platform/qmp/qmp-client';
import { SerialHub } from '../../serial/serial-hub';

const pieceLength = 4096;

/** Connects one serial port of QEMU (or its monitor), which takes one connection, with a hub that takes any number. */
export class SerialLine {
  readonly hub: SerialHub;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  #writing = false;

  private constructor(
    private readonly socket: Socket,
    typed: () => void,
  ) {
    this.hub = new SerialHub(() => {
      typed();
      this.#write();
    });
    socket.on('data', (data) => {
      for (const byte of data) this.hub.output(byte);
    });
    // QEMU is gone or going, which is told elsewhere.
    socket.on('error', () => socket.destroy());
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.hub.close();
        resolve();
      });
    });
  }

  /**
   * @param typed called when somebody has written something to it
   * @throws the error of `node:net`
   */
  static async connect(path: string, typed: () => void = () => undefined): Promise<SerialLine> {
    return new SerialLine(await connectOnce({ path }), typed);
  }

  /** On a connection that is there. */
  static over(socket: Socket): SerialLine {
    return new SerialLine(socket, () => undefined);
  }

  close(): void {
    this.socket.destroy();
  }

  /** QEMU takes what the guest's UART has room for; until then the rest waits in the hub. */
  #write(): void {
    if (this.#writing) return;
    while (this.hub.hasInput && !this.socket.destroyed) {
      const bytes: number[] = [];
      this.hub.take(pieceLength, (byte) => bytes.push(byte));
      if (this.socket.write(Uint8Array.from(bytes))) continue;
      this.#writing = true;
      this.socket.once('drain', () => {
        this.#writing = false;
        this.#write();
      });
      return;
    }
  }
}
