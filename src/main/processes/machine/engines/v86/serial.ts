import { SerialHub } from '../../serial/serial-hub';
import type { V86Emulator, V86Uart } from './emulator-types';

/** Bytes that the UART gets at a time, once the guest has read the ones before: the FIFO of a big UART. */
const burstLength = 64;
const burstMs = 1;
/** A guest that does not read is asked less and less often. */
const longestWaitMs = 32;
const dtr = 1;
const rts = 2;

/** Connects one emulated UART with its hub. */
export class GuestSerial {
  readonly hub: SerialHub;
  #timer: NodeJS.Timeout | undefined;
  #wait = burstMs;
  #closed = false;

  /** @param port 0 to 3, which is COM1 to COM4 */
  constructor(
    emulator: V86Emulator,
    port: number,
    private readonly uart: () => V86Uart | undefined,
  ) {
    this.hub = new SerialHub(() => this.#wake());
    emulator.add_listener(`serial${port}-output-byte`, (byte: number) => this.hub.output(byte));
  }

  /**
   * After a state has been restored: v86 does not save the bytes that the guest had not read, but it does save
   * that there were some, and the guest would read a zero.
   */
  restored(): void {
    const uart = this.uart();
    if (!uart || uart.input.length > 0) return;
    uart.lsr &= ~1;
    uart.ClearInterrupt(12);
    uart.ClearInterrupt(4);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.hub.close();
  }

  #wake(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#feed(), this.#wait);
  }

  #feed(): void {
    this.#timer = undefined;
    const uart = this.uart();
    if (uart && uart.input.length === 0 && isReady(uart)) {
      this.#wait = burstMs;
      this.hub.take(burstLength, (byte) => uart.data_received(byte));
    } else {
      this.#wait = Math.min(longestWaitMs, this.#wait * 2);
    }
    if (this.hub.hasInput) this.#wake();
  }
}

/** A guest that has opened the port but withdrawn "request to send" wants the other side to wait. */
function isReady(uart: V86Uart): boolean {
  return (uart.modem_control & (dtr | rts)) !== dtr;
}
