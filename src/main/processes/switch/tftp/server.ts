import type { Clock } from '../clock';
import type { Origin } from '../ip/ip';
import type { Datagram } from '../udp/datagram';
import { openIn, type ServedFile } from './folder';
import {
  dataMessage,
  errorMessage,
  operations,
  optionsMessage,
  parseReadRequest,
  type ReadRequest,
  tftpErrors,
  tftpPort,
} from './message';

const usualBlock = 512;
const smallestBlock = 8;
/** Of IPv4, UDP and TFTP, in bytes: a block should not come in fragments. */
const headers = 20 + 8 + 4;
const repeatMs = 1000;
const maxRepeats = 6;
/** Transfers of all cards at a time, and of one. */
export const maxTransfers = 64;
export const maxTransfersPerCard = 8;
const firstPort = 20_000;
const lastPort = 29_999;

export interface TftpOptions {
  clock: Clock;
  mtu: number;
  /** Absolute path; undefined: nothing is served. */
  folder(): string | undefined;
  /** Sends a message from a port of the gateway. */
  send(to: Client, fromPort: number, message: Uint8Array): void;
}

interface Client extends Origin {
  address: number;
  port: number;
}

interface Transfer {
  client: Client;
  /** Of the gateway. */
  port: number;
  file: ServedFile;
  blockSize: number;
  /** The block that was sent last; 0 is the answer to options. */
  block: number;
  message: Buffer;
  repeats: number;
  cancel: () => void;
  /** A block is being read. */
  busy: boolean;
}

/** Gives guests that boot from the network the files of one folder, and takes nothing from them. */
export class TftpServer {
  /** By the gateway's port. */
  private readonly transfers = new Map<number, Transfer>();
  /** Who has asked for a file that is being opened. */
  private readonly opening = new Set<Client>();
  private nextPort = firstPort;
  private closed = false;

  constructor(private readonly options: TftpOptions) {}

  get size(): number {
    return this.transfers.size;
  }

  /** Takes a datagram for the gateway. @returns whether it belongs here */
  receive(datagram: Datagram<number>, from: Origin): boolean {
    const { source, sourcePort, destinationPort, data } = datagram;
    const client = { ...from, address: source, port: sourcePort };
    if (destinationPort === tftpPort && this.options.folder() !== undefined) {
      this.begin(client, data);
      return true;
    }
    const transfer = this.transfers.get(destinationPort);
    if (!transfer) return false;
    if (transfer.client.address === source && transfer.client.port === sourcePort) this.goOn(transfer, data);
    return true;
  }

  close(): void {
    this.closed = true;
    for (const transfer of [...this.transfers.values()]) this.end(transfer);
  }

  private begin(client: Client, data: Buffer): void {
    const folder = this.options.folder();
    const request = parseReadRequest(data);
    if (!request || folder === undefined) {
      if (data.length >= 2 && data.readUInt16BE(0) === operations.writeRequest) {
        this.refuse(client, tftpErrors.denied, 'Nothing can be written here');
      }
      return;
    }
    if (request.mode !== 'octet') {
      this.refuse(client, tftpErrors.illegal, 'Only files as they are, in mode octet');
      return;
    }
    const all = [...[...this.transfers.values()].map((one) => one.client), ...this.opening];
    // Asked once more while we are looking: the first question is being answered.
    if (all.some(({ address, port }) => address === client.address && port === client.port)) return;
    const mine = all.filter(({ card }) => card === client.card);
    if (all.length >= maxTransfers || mine.length >= maxTransfersPerCard) return;
    this.opening.add(client);
    void openIn(folder, request.file).then((file) => {
      this.opening.delete(client);
      if (this.closed) void file?.handle.close().catch(() => {});
      else if (file) this.serve(client, request, file);
      else this.refuse(client, tftpErrors.notFound, 'There is no such file');
    });
  }

  private serve(client: Client, request: ReadRequest, file: ServedFile): void {
    const port = this.freePort();
    const agreed = new Map<string, string>();
    const wantedBlock = Number(request.options.get('blksize'));
    let blockSize = usualBlock;
    if (wantedBlock >= smallestBlock) {
      blockSize = Math.floor(Math.min(wantedBlock, this.options.mtu - headers));
      agreed.set('blksize', String(blockSize));
    }
    if (request.options.has('tsize')) agreed.set('tsize', String(file.size));
    const transfer: Transfer = {
      client,
      port,
      file,
      blockSize,
      block: 0,
      message: optionsMessage(agreed),
      repeats: 0,
      cancel: () => {},
      busy: false,
    };
    this.transfers.set(port, transfer);
    if (agreed.size > 0) this.send(transfer);
    else this.sendBlock(transfer, 1);
  }

  private goOn(transfer: Transfer, data: Buffer): void {
    if (data.length < 4 || transfer.busy) return;
    const operation = data.readUInt16BE(0);
    if (operation === operations.error) {
      this.end(transfer);
      return;
    }
    // An older one is a double: answering it would double everything (the sorcerer's apprentice, RFC 1123, 4.2.3.1).
    if (operation !== operations.acknowledgment || data.readUInt16BE(2) !== (transfer.block & 0xffff)) return;
    if (transfer.block * transfer.blockSize > transfer.file.size) this.end(transfer);
    else this.sendBlock(transfer, transfer.block + 1);
  }

  private sendBlock(transfer: Transfer, block: number): void {
    transfer.busy = true;
    transfer.cancel();
    const { file, blockSize } = transfer;
    const data = Buffer.alloc(blockSize);
    void file.handle.read(data, 0, blockSize, (block - 1) * blockSize).then(
      ({ bytesRead }) => {
        if (!this.transfers.has(transfer.port)) return;
        transfer.busy = false;
        transfer.block = block;
        transfer.repeats = 0;
        transfer.message = dataMessage(block, data.subarray(0, bytesRead));
        this.send(transfer);
      },
      () => {
        this.refuse(transfer.client, tftpErrors.other, 'The file cannot be read', transfer.port);
        this.end(transfer);
      },
    );
  }

  private send(transfer: Transfer): void {
    this.options.send(transfer.client, transfer.port, transfer.message);
    transfer.cancel = this.options.clock.after(repeatMs, () => {
      if (transfer.repeats++ >= maxRepeats) this.end(transfer);
      else this.send(transfer);
    });
  }

  private refuse(client: Client, code: number, text: string, port = tftpPort): void {
    this.options.send(client, port, errorMessage(code, text));
  }

  private end(transfer: Transfer): void {
    if (!this.transfers.delete(transfer.port)) return;
    transfer.cancel();
    // A file that cannot be closed is one less that can be opened; there is nobody to tell.
    transfer.file.handle.close().catch(() => {});
  }

  /** Precondition: fewer transfers than ports. */
  private freePort(): number {
    for (;;) {
      const port = this.nextPort;
      this.nextPort = port === lastPort ? firstPort : port + 1;
      if (!this.transfers.has(port)) return port;
    }
  }
}
