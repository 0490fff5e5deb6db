import { createInflate, type Inflate } from 'node:zlib';
import type { ByteStream } from '@shared/ipc/byte-stream';
import { encoding } from '../protocol';

/** A rectangle of an update, as it came. */
export interface ReceivedRect {
  x: number;
  y: number;
  width: number;
  height: number;
  encoding: number;
}

/** One zlib stream, decoded piece by piece. */
class Inflater {
  readonly #stream: Inflate = createInflate();
  #out = Buffer.alloc(0);

  constructor() {
    this.#stream.on('data', (part: Buffer) => (this.#out = Buffer.concat([this.#out, part])));
  }

  async inflate(data: Buffer, length: number): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.once('error', reject);
      this.#stream.write(data, () => resolve());
    });
    for (let turn = 0; this.#out.length < length && turn < 1000; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#out.length !== length) throw new Error(`Inflated ${this.#out.length} of ${length} bytes`);
    const result = this.#out;
    this.#out = Buffer.alloc(0);
    return result;
  }
}

/** A viewer without a screen, written from RFC 6143 and sharing no code with the server. */
export class ModelClient {
  width = 0;
  height = 0;
  name = '';
  bytesPerPixel = 4;
  /** The picture, in the pixel format in use. */
  pixels = Buffer.alloc(0);
  /** All rectangles that have come. */
  readonly rects: ReceivedRect[] = [];
  updates = 0;
  closed = false;
  /** While set, received bytes are not acknowledged to the sender. */
  stalled: Promise<void> | undefined;

  #buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  readonly #inflater = new Inflater();

  constructor(readonly stream: ByteStream) {
    stream.onData((data) => {
      this.#buffer = Buffer.concat([this.#buffer, data]);
      this.#wake();
      return this.stalled;
    });
    stream.onClose(() => {
      this.closed = true;
      this.#wake();
    });
  }

  async #read(length: number): Promise<Buffer> {
    while (this.#buffer.length < length) {
      if (this.closed) throw new Error('The server closed the connection');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const result = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return result;
  }

  send(...bytes: number[]): void {
    this.stream.send(Uint8Array.from(bytes));
  }

  /** The whole handshake, up to and including ServerInit. */
  async connect(): Promise<void> {
    const version = (await this.#read(12)).toString();
    if (version !== 'RFB 003.008\n') throw new Error(version);
    this.stream.send(Buffer.from(version));
    const types = await this.#read((await this.#read(1))[0] ?? 0);
    if (!types.includes(1)) throw new Error('No security type None');
    this.send(1);
    if ((await this.#read(4)).readUInt32BE() !== 0) throw new Error('Refused');
    this.send(1);
    const init = await this.#read(24);
    this.#resize(init.readUInt16BE(0), init.readUInt16BE(2));
    this.name = (await this.#read(init.readUInt32BE(20))).toString();
  }

  setEncodings(...encodings: number[]): void {
    const message = Buffer.alloc(4 + 4 * encodings.length);
    message[0] = 2;
    message.writeUInt16BE(encodings.length, 2);
    encodings.forEach((value, index) => message.writeInt32BE(value, 4 + 4 * index));
    this.stream.send(message);
  }

  /** Red, green, blue: highest value and shift. */
  setPixelFormat(bits: number, bigEndian: boolean, channels: [max: number, shift: number][]): void {
    const message = Buffer.alloc(20);
    message.set([0, 0, 0, 0, bits, 24, bigEndian ? 1 : 0, 1]);
    channels.forEach(([max, shift], index) => {
      message.writeUInt16BE(max, 8 + 2 * index);
      message[14 + index] = shift;
    });
    this.stream.send(message);
    this.bytesPerPixel = bits / 8;
    this.pixels = Buffer.alloc(this.width * this.height * this.bytesPerPixel);
  }

  request(incremental: boolean, x = 0, y = 0, width = 0xffff, height = 0xffff): void {
    const message = Buffer.alloc(10);
    message[0] = 3;
    message[1] = incremental ? 1 : 0;
    [x, y, width, height].forEach((value, index) => message.writeUInt16BE(value, 2 + 2 * index));
    this.stream.send(message);
  }

  /** Takes the next update and draws it. */
  async update(): Promise<ReceivedRect[]> {
    const header = await this.#read(4);
    if (header[0] !== 0) throw new Error(`Message ${header[0]}`);
    const rects: ReceivedRect[] = [];
    for (let count = header.readUInt16BE(2); count > 0; count--) rects.push(await this.#rect());
    this.rects.push(...rects);
    this.updates++;
    return rects;
  }

  async #rect(): Promise<ReceivedRect> {
    const header = await this.#read(12);
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => header.readUInt16BE(at)) as [
      number,
      number,
      number,
      number,
    ];
    const type = header.readInt32BE(8);
    const rect = { x, y, width, height, encoding: type };
    const length = width * height * this.bytesPerPixel;
    if (type === encoding.raw) this.#draw(rect, await this.#read(length));
    else if (type === encoding.zlib) {
      const compressed = await this.#read((await this.#read(4)).readUInt32BE());
      this.#draw(rect, await this.#inflater.inflate(compressed, length));
    } else if (type === encoding.desktopSize) this.#resize(width, height);
    else if (type === encoding.extendedDesktopSize) {
      const screens = (await this.#read(4))[0] ?? 0;
      await this.#read(16 * screens);
      if (y === 0) this.#resize(width, height);
    } else if (type !== encoding.qemuExtendedKeyEvent) throw new Error(`Encoding ${type}`);
    return rect;
  }

  #resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.pixels = Buffer.alloc(width * height * this.bytesPerPixel);
  }

  #draw(rect: ReceivedRect, data: Buffer): void {
    if (rect.x + rect.width > this.width || rect.y + rect.height > this.height) {
      throw new Error('A rectangle outside the screen');
    }
    const lineBytes = rect.width * this.bytesPerPixel;
    for (let line = 0; line < rect.height; line++) {
      const to = ((rect.y + line) * this.width + rect.x) * this.bytesPerPixel;
      data.copy(this.pixels, to, line * lineBytes, (line + 1) * lineBytes);
    }
  }
}
