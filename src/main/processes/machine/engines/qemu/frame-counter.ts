import { parseClientMessage, ProtocolError } from '../../rfb/client-messages';
import { ReceiveBuffer } from '../../rfb/receive-buffer';

/** What a viewer says before its messages: its version, the security type, and whether it shares (RFC 6143, 7.1–7.3). */
const handshakeLength = 12 + 1 + 1;

/**
 * Counts the pictures that viewers take, from what they say: a viewer asks for the next one when it has the last
 * (RFC 6143, section 7.5.3), so that nothing of the pictures themselves has to be looked at.
 */
export class FrameCounter {
  /** Since the machine began. */
  count = 0;

  /** A reader for what one viewer sends. */
  viewer(): (data: Uint8Array) => void {
    const received = new ReceiveBuffer();
    let handshake = handshakeLength;
    let lost = false;
    return (data) => {
      const skipped = Math.min(handshake, data.length);
      handshake -= skipped;
      if (lost || skipped === data.length) return;
      received.append(data.subarray(skipped));
      try {
        while (received.length > 0) {
          const result = parseClientMessage(received.view());
          if (result.kind === 'needs') return;
          received.consume(result.length);
          if (result.kind === 'message' && result.message.type === 'updateRequest') this.count++;
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        lost = true; // QEMU understands more messages than are known here; they are not counted
      }
    };
  }
}
