import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { framed, FrameReader, frameLength, prefixLength } from '../../../../platform/frame-stream';
import type { FramePort } from './nic';

/** Frames that the switch has not taken, in bytes; more are lost, as on a cable. */
const maxUnsent = 1024 * 1024;

/**
 * The other end of a network card's cable: a local socket on which the switch calls, and calls again when one of
 * the two has been away. As QEMU's `-netdev stream,server=on`, so that a switch need not know whom it speaks with.
 */
export class FrameSocket implements FramePort {
  #socket: Socket | undefined;
  #listener: (frame: Uint8Array) => void = () => {};
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * @param path a unix socket, in a folder that only this user can enter, or a named pipe; what a killed
   * predecessor left there is removed
   * @throws the errors of `node:net`
   */
  static async listen(path: string): Promise<FrameSocket> {
    if (process.platform !== 'win32') await rm(path, { force: true });
    const result = new FrameSocket();
    await new Promise<void>((resolve, reject) => {
      result.#server.once('error', reject);
      result.#server.listen(path, resolve);
    });
    return result;
  }

  send(frame: Uint8Array): void {
    const socket = this.#socket;
    if (socket && socket.writableLength < maxUnsent) socket.write(framed(frame));
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#socket?.destroy();
    });
  }

  /** Whoever calls last is the switch: the one before it has gone, whether or not that has been noticed. */
  #accept(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    const reader = new FrameReader((chunk, start) => this.#take(chunk, start));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    // The switch comes back, or does not.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
  }

  #take(chunk: Buffer, start: number): number {
    let position = start;
    while (chunk.length - position >= prefixLength) {
      const end = position + prefixLength + frameLength(chunk, position);
      if (end > chunk.length) break;
      this.#listener(chunk.subarray(position + prefixLength, end));
      position = end;
    }
    return position;
  }
}
