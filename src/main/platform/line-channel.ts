import type { Socket } from 'node:net';
import type { Message, MessageChannelLike } from '@shared/ipc/messages';

/** Longest message that is taken, in bytes. */
const maxMessage = 4 * 1024 * 1024;
/** Bytes that may wait for the other side; one that does not read is let go. */
const maxWaiting = 32 * 1024 * 1024;

/** Messages on a local socket, each a line of JSON. What is no JSON arrives as `undefined` and is refused as such. */
export function channelOverSocket(socket: Socket): MessageChannelLike {
  let received: Buffer[] = [];
  let length = 0;
  // What arrives before anybody listens waits in the socket.
  socket.pause();
  socket.on('error', () => socket.destroy());
  return {
    post(message: Message) {
      if (socket.destroyed) return;
      if (socket.writableLength > maxWaiting) socket.destroy();
      else socket.write(`${JSON.stringify(message)}\n`);
    },
    onMessage(listener) {
      socket.on('data', (data: Buffer) => {
        let rest = data;
        for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
          const line = Buffer.concat([...received, rest.subarray(0, end)]).toString();
          received = [];
          length = 0;
          rest = rest.subarray(end + 1);
          listener(parse(line));
        }
        length += rest.length;
        if (length > maxMessage) socket.destroy();
        else if (rest.length > 0) received.push(rest);
      });
      socket.resume();
    },
    onClose(listener) {
      if (socket.destroyed) listener();
      else socket.on('close', listener);
    },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
