import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';
import { machineStream, type MachineStream } from '@shared/ipc/machine-process';
import type { Session } from './session';

/** Joins the streams that windows open with the machine, those too that come before it is there. */
export class StreamDoor {
  #session: Session | undefined;
  #closed = false;
  #early: { description: MachineStream; stream: ByteStream }[] = [];

  constructor(private readonly log: (line: string) => void) {}

  /** @param raw what the other side says the stream is for */
  take(raw: unknown, channel: StreamChannel): void {
    const description = machineStream.safeParse(raw);
    if (!description.success || this.#closed) {
      if (!description.success) this.log('Refused: a stream that does not fit');
      channel.close();
      return;
    }
    const stream = byteStreamOver(channel);
    if (this.#session) serveStream(this.#session, description.data, stream);
    else this.#early.push({ description: description.data, stream });
  }

  /** The machine is there. */
  open(session: Session): void {
    this.#session = session;
    for (const { description, stream } of this.#early.splice(0)) serveStream(session, description, stream);
  }

  /** There is no machine, or it ends: whoever comes now is sent away. */
  close(): void {
    this.#closed = true;
    for (const { stream } of this.#early.splice(0)) stream.close();
  }
}

/** Joins a stream with what it is for. */
export function serveStream(
  { machine, statistics, thumbnails }: Session,
  description: MachineStream,
  stream: ByteStream,
): void {
  switch (description.name) {
    case 'statistics':
      statistics.connect(stream, description.history);
      break;
    case 'graphics':
      machine.connectGraphics(stream);
      break;
    case 'serial':
      machine.connectSerial(description.port, stream);
      break;
    case 'monitor':
      if (machine.connectMonitor) machine.connectMonitor(stream);
      else stream.close();
      break;
    case 'clipboard':
      if (machine.connectClipboard) machine.connectClipboard(stream);
      else stream.close();
      break;
    case 'thumbnail':
      thumbnails.connect(stream, description.width);
      break;
  }
}
