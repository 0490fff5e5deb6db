import type { V86Emulator } from './emulator-types';

/** Where Ethernet frames go to and come from; what is plugged into the card's socket. */
export interface FramePort {
  send(frame: Uint8Array): void;
  onFrame(listener: (frame: Uint8Array) => void): void;
  close(): Promise<void>;
}

/** What the emulated cards have room for: an untagged frame of 1500 bytes of payload. */
const longestFrame = 1514;
/** The NE2000 drops shorter ones. */
const shortestFrame = 60;

/** The network card. It has a cable or not; what is at the cable's other end is not its business. */
export class GuestNic {
  /** Bytes of frames since the machine began, as the guest sees them. */
  readonly counters = { receiveBytes: 0, sendBytes: 0, receiveFrames: 0, sendFrames: 0 };
  #connected: boolean;
  #port: FramePort | undefined;

  constructor(
    readonly id: string,
    private readonly emulator: V86Emulator,
    connected: boolean,
  ) {
    this.#connected = connected;
    emulator.add_listener('net0-send', (frame: Uint8Array) => this.#send(frame));
  }

  /** Puts the configured address into the card; v86 would invent one. Call it before the guest runs. */
  setAddress(mac: string): void {
    const bytes = Uint8Array.from(mac.split(':'), (part) => parseInt(part, 16));
    const { virtio_net: virtio, net: ne2k } = this.emulator.v86.cpu.devices;
    if (virtio) virtio.mac = bytes;
    if (ne2k) {
      ne2k.mac = bytes;
      bytes.forEach((byte, index) => ne2k.memory.fill(byte, index * 2, index * 2 + 2));
    }
  }

  /** Plugs the cable in or out. A virtio card tells the guest; an NE2000 has no way to. */
  setLink(connected: boolean): void {
    this.#connected = connected;
    const virtio = this.emulator.v86.cpu.devices.virtio_net;
    if (!virtio) return;
    virtio.status = connected ? 1 : 0;
    virtio.virtio.notify_config_changes();
  }

  /** Gives the cable another end. */
  attach(port: FramePort): void {
    this.#port = port;
    port.onFrame((frame) => {
      if (this.#connected && this.#port === port) this.#receive(frame);
    });
  }

  #send(frame: Uint8Array): void {
    this.counters.sendBytes += frame.length;
    this.counters.sendFrames++;
    if (this.#connected) this.#port?.send(frame);
  }

  /** Unplugs the cable for good. */
  async close(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    await port?.close();
  }

  #receive(frame: Uint8Array): void {
    // A computer that stands still takes nothing: its memory must not change, it may be being saved.
    if (frame.length > longestFrame || !this.emulator.is_running()) return;
    this.counters.receiveBytes += frame.length;
    this.counters.receiveFrames++;
    this.emulator.bus.send('net0-receive', padded(frame));
  }
}

/** The emulator keeps what it is given, so that it gets memory of its own. */
function padded(frame: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(frame.length, shortestFrame));
  result.set(frame);
  return result;
}
