import type { Socket } from 'node:net';

/** As much as is read from a socket of the host at once, and as much as is gathered for one write, in bytes. */
const readSize = 256 * 1024;
const writeSize = 512 * 1024;

/**
 * Memory through which data passes between the gateway and the host's sockets: always the same, which the processor
 * has at hand. Fresh memory for every read and write would cost more than copying does.
 */
export class HostMemory {
  private readonly read = Buffer.allocUnsafeSlow(readSize);
  private gathered = Buffer.allocUnsafeSlow(writeSize);

  /**
   * Where a socket reads into. What was read is taken before the next read.
   *
   * @param most bytes that are read at once, at most
   * @param segment the length of the segments that they go on in: as many whole ones as there is room for are read, so
   * that in a stream of data no short one comes behind them, which costs a guest as much as a long one
   */
  reading(most: number, segment: number): Buffer {
    const room = Math.min(most, readSize);
    return this.read.subarray(0, segment < room ? room - (room % segment) : room);
  }

  /**
   * Writes pieces as one.
   *
   * @param length of all of them, in bytes
   */
  write(socket: Socket, pieces: readonly Buffer[], length: number): void {
    if (length > writeSize || socket.writableLength > 0) {
      socket.write(Buffer.concat(pieces, length));
      return;
    }
    let end = 0;
    for (const piece of pieces) {
      this.gathered.set(piece, end);
      end += piece.length;
    }
    socket.write(this.gathered.subarray(0, end));
    // The system has not taken all of it: the rest stays where it is.
    if (socket.writableLength > 0) this.gathered = Buffer.allocUnsafeSlow(writeSize);
  }
}
