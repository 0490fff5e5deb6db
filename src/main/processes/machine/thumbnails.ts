import type { ByteStream } from '@shared/ipc/byte-stream';
import { thumbnailPng } from './display/thumbnail';
import type { ScreenCapture } from './engine';

const intervalMs = 500;

/**
 * Sends small pictures of the screen, each a PNG in a message of its own: at most two a second, only when the
 * screen is different, and only when the last one has been taken.
 *
 * @param width in pixels; higher than wide they never are
 */
export function sendThumbnails(
  stream: ByteStream,
  width: number,
  capture: () => ScreenCapture | Promise<ScreenCapture>,
  failed: (error: unknown) => void,
): void {
  let sent = -1;
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy || stream.unsent > 0) return;
    busy = true;
    try {
      const screen = await capture();
      if (screen.version === sent) return;
      const picture = { width: screen.width, height: screen.height, bytes: screen.rgba };
      const png = await thumbnailPng(picture, width, width);
      sent = screen.version;
      stream.send(png);
    } finally {
      busy = false;
    }
  };
  const tick = (): void => {
    look().catch((error: unknown) => {
      failed(error);
      stream.close();
    });
  };
  const timer = setInterval(tick, intervalMs);
  stream.onClose(() => clearInterval(timer));
  stream.onData(() => {}); // a viewer of thumbnails has nothing to say
  tick();
}
