import type { CapturedPacket } from './packet-ring';

/** Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little-endian order. */
const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const ethernet = 1;
const options = { userApplication: 4, interfaceName: 2, flags: 2 } as const;
const directions = { received: 1, sent: 2 } as const;

/** Makes the blocks of one file. Each port becomes an interface of its name, described before its first packet. */
export class PcapngWriter {
  private readonly interfaces = new Map<string, number>();

  /** @param nameOf a port's name as a person reads it */
  constructor(
    private readonly nameOf: (port: string) => string,
    private readonly snapLength: number,
  ) {}

  begin(): Buffer {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(byteOrderMagic);
    body.writeUInt16LE(1, 4);
    // The length of the section is not known (-1).
    body.fill(0xff, 8);
    return block(blockTypes.section, body, [option(options.userApplication, Buffer.from('Vivarium'))]);
  }

  packet({ port, time, length, bytes, direction }: CapturedPacket): Buffer[] {
    const blocks: Buffer[] = [];
    let index = this.interfaces.get(port);
    if (index === undefined) {
      this.interfaces.set(port, (index = this.interfaces.size));
      blocks.push(this.describe(port));
    }
    const body = Buffer.alloc(20 + padded(bytes.length));
    const microseconds = BigInt(Math.round(time * 1000));
    body.writeUInt32LE(index);
    body.writeUInt32LE(Number(microseconds >> 32n), 4);
    body.writeUInt32LE(Number(microseconds & 0xffffffffn), 8);
    body.writeUInt32LE(bytes.length, 12);
    body.writeUInt32LE(length, 16);
    bytes.copy(body, 20);
    const flags = Buffer.alloc(4);
    flags.writeUInt32LE(directions[direction]);
    blocks.push(block(blockTypes.packet, body, [option(options.flags, flags)]));
    return blocks;
  }

  private describe(port: string): Buffer {
    const body = Buffer.alloc(8);
    body.writeUInt16LE(ethernet);
    body.writeUInt32LE(this.snapLength, 4);
    return block(blockTypes.interface, body, [option(options.interfaceName, Buffer.from(this.nameOf(port)))]);
  }
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function option(code: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(code);
  bytes.writeUInt16LE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function block(type: number, body: Buffer, list: readonly Buffer[]): Buffer {
  const ends = list.length > 0 ? [Buffer.alloc(4)] : [];
  const contents = Buffer.concat([body, ...list, ...ends]);
  const bytes = Buffer.alloc(12 + contents.length);
  bytes.writeUInt32LE(type);
  bytes.writeUInt32LE(bytes.length, 4);
  contents.copy(bytes, 8);
  bytes.writeUInt32LE(bytes.length, bytes.length - 4);
  return bytes;
}
