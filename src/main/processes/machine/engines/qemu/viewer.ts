import type { ByteStream } from '@shared/ipc/byte-stream';
import { drained } from './drained';
import { FrameCounter } from './frame-counter';
import { openScreen, type ScreenAddress } from './screen-address';

/** What may be under way to a viewer that does not read, in bytes; QEMU then makes no more pictures for it. */
const unsentLimit = 1024 * 1024;
const unsentGoOn = 256 * 1024;

/**
 * Joins a viewer's stream with QEMU's VNC server: QEMU speaks RFB with the viewer itself. Ends with either side.
 * @param frames counts the pictures that the viewer takes
 */
export function joinViewer(
  stream: ByteStream,
  address: ScreenAddress,
  frames: FrameCounter,
): { close(): void } {
  const socket = openScreen(address);
  const reader = frames.viewer();
  socket.on('data', (data) => {
    stream.send(data);
    if (stream.unsent <= unsentLimit) return;
    socket.pause();
    void stream.drained(unsentGoOn).then(() => socket.resume());
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => stream.close());
  stream.onClose(() => socket.destroy());
  stream.onData((data) => {
    reader(data);
    // Copied: the sender may reuse it while it waits in the socket.
    if (socket.write(data.slice())) return;
    return drained(socket);
  });
  return {
    close() {
      socket.destroy();
      stream.close();
    },
  };
}
