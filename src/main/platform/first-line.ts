import type { Socket } from 'node:net';

/**
 * Reads one line and leaves the socket paused, with everything that came after the line still to be read.
 *
 * @param longest of the line, in bytes; a longer one counts as none
 * @returns the line without its end; undefined when none came within `limitMs` milliseconds, or the socket closed
 */
export function readLine(socket: Socket, longest: number, limitMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const finish = (line: string | undefined): void => {
      clearTimeout(timer);
      socket.off('data', listen);
      socket.off('close', ended);
      socket.off('end', ended);
      socket.pause();
      resolve(line);
    };
    const ended = (): void => finish(undefined);
    const timer = setTimeout(ended, limitMs);
    const listen = (data: Buffer): void => {
      read = Buffer.concat([read, data]);
      const end = read.indexOf(0x0a);
      if (end < 0 && read.length <= longest) return;
      if (end < 0 || end > longest) return finish(undefined);
      finish(read.subarray(0, end).toString());
      if (end + 1 < read.length) socket.unshift(read.subarray(end + 1));
    };
    socket.on('data', listen);
    // One that another line was read from before is paused.
    socket.resume();
    socket.on('close', ended);
    socket.on('end', ended);
    if (socket.destroyed) ended();
  });
}
