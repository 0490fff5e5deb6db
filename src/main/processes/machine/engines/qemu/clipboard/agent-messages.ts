/**
 * The messages between a SPICE guest agent and whoever shows the guest's screen, as far as clipboards need them
 * (spice-protocol, `vd_agent.h`; all numbers little endian). Pure.
 *
 * On the channel lie chunks: a port, a length and so many bytes. The chunks of a port, put together, are messages:
 * protocol 1, a type, an opaque number, a length, and the data. An agent takes chunks of at most 2048 bytes; what it
 * sends is one chunk for each message, however long.
 */

/** The port of the client's messages; an agent sends nothing to another. */
const clientPort = 1;
const chunkHead = 8;
const longestChunk = 2048;
const messageHead = 20;
const protocol = 1;

export const agentMessage = {
  clipboard: 4,
  announceCapabilities: 6,
  clipboardGrab: 7,
  clipboardRequest: 8,
  clipboardRelease: 9,
} as const;

/** Numbers of bits in the list of capabilities. */
export const agentCapability = {
  clipboardByDemand: 5,
  clipboardSelection: 6,
  guestLineEndCrlf: 9,
} as const;

/** What may be on a clipboard. */
export const clipboardType = { none: 0, text: 1 } as const;

/** The selection that Ctrl+C fills; X11 has others. */
export const clipboardSelection = 0;

/** A message that has been put together. */
export interface AgentMessage {
  type: number;
  data: Uint8Array;
}

/** Something that no agent sends; the channel cannot be followed any further. */
export class AgentProtocolError extends Error {}

/** The bytes of one message, in as many chunks as it needs. */
export function encodeAgentMessage(type: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(messageHead + data.length);
  const head = new DataView(message.buffer);
  head.setUint32(0, protocol, true);
  head.setUint32(4, type, true);
  head.setUint32(16, data.length, true);
  message.set(data, messageHead);

  const chunks = Math.ceil(message.length / longestChunk);
  const out = new Uint8Array(message.length + chunks * chunkHead);
  const view = new DataView(out.buffer);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const piece = message.subarray(chunk * longestChunk, (chunk + 1) * longestChunk);
    const at = chunk * (longestChunk + chunkHead);
    view.setUint32(at, clientPort, true);
    view.setUint32(at + 4, piece.length, true);
    out.set(piece, at + chunkHead);
  }
  return out;
}

/** Numbers of 32 bits, one after the other. */
export function words(...values: number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  values.forEach((value, index) => view.setUint32(4 * index, value, true));
  return out;
}

/** The numbers of 32 bits that `data` holds; bytes that are left over are ignored. */
export function readWords(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return Array.from({ length: data.length >> 2 }, (_, index) => view.getUint32(4 * index, true));
}

/**
 * Puts messages of the guest together, however their bytes are cut. Of a message that is longer than the limit only
 * the length is counted: nothing that a guest sends makes this keep more.
 */
export class AgentReader {
  #head: number[] = [];
  /** Bytes of the chunk that have not come. */
  #chunkLeft = 0;
  #message = new Uint8Array(messageHead);
  #read = 0;
  /** Bytes of the message, with its head; undefined until the head is there. */
  #length: number | undefined;

  /**
   * @param limit longest data of a message that is kept, in bytes
   * @param told gets each whole message
   */
  constructor(
    private readonly limit: number,
    private readonly told: (message: AgentMessage) => void,
  ) {}

  /** @throws AgentProtocolError */
  take(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#chunkLeft === 0) {
        this.#head.push(data[at++] ?? 0);
        if (this.#head.length === chunkHead) this.#beginChunk();
      } else {
        const piece = data.subarray(at, at + this.#chunkLeft);
        at += piece.length;
        this.#chunkLeft -= piece.length;
        this.#content(piece);
      }
    }
  }

  #beginChunk(): void {
    const [port = 0, length = 0] = readWords(Uint8Array.from(this.#head));
    this.#head = [];
    if (port !== clientPort || length === 0) {
      throw new AgentProtocolError(`A chunk of ${length} bytes for port ${port}`);
    }
    this.#chunkLeft = length;
  }

  #content(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      const wanted = (this.#length ?? messageHead) - this.#read;
      const piece = data.subarray(at, at + wanted);
      at += piece.length;
      if (this.#read + piece.length <= this.#message.length) this.#message.set(piece, this.#read);
      this.#read += piece.length;
      if (this.#length === undefined && this.#read === messageHead) this.#beginMessage();
      if (this.#read === this.#length) this.#finish();
    }
  }

  #beginMessage(): void {
    const [version, , , , length = 0] = readWords(this.#message);
    if (version !== protocol) throw new AgentProtocolError(`A message of protocol ${version}`);
    this.#length = messageHead + length;
    if (length > this.limit) return;
    const whole = new Uint8Array(this.#length);
    whole.set(this.#message);
    this.#message = whole;
  }

  #finish(): void {
    const message = this.#message;
    const kept = message.length === this.#length;
    this.#message = new Uint8Array(messageHead);
    this.#length = undefined;
    this.#read = 0;
    const [, type = 0] = readWords(message);
    if (kept) this.told({ type, data: message.subarray(messageHead) });
  }
}
