import { inSubnet, type Subnet } from '@shared/network/address';
import type { Clock } from '../clock';
import { broadcastMac, etherTypes, headerLength, isGroup, writeHeader } from '../ethernet/frame';
import type { Link } from '../gateway/link';
import { type ArpMessage, arpLength, arpOperations, parseArp, writeArp } from './message';

/** An address is asked for again after this long, in milliseconds (RFC 1122, 2.3.2.1). */
const lifeMs = 60_000;
const askEveryMs = 1000;
/** How exactly it is known who was heard last, in milliseconds: this is asked for with every packet. */
const orderMs = 1000;
const asks = 3;
/** Bounds on what a hostile guest can make us remember. */
const maxNeighbours = 1024;
const maxQuestions = 256;
const maxWaiting = 16;

interface Question {
  asked: number;
  cancel: () => void;
  waiting: ((mac: number | undefined) => void)[];
}

export interface NeighbourOptions {
  link: Link;
  clock: Clock;
  address: number;
  subnet: Subnet;
  /** Who holds an address by a lease: nobody else is believed to have it. */
  holder(address: number): number | undefined;
}

/** Which station has which address, and the gateway's own answers (RFC 826). */
export class Neighbours {
  /** The longest not heard first. */
  private readonly known = new Map<number, { mac: number; heard: number }>();
  private readonly questions = new Map<number, Question>();

  constructor(private readonly options: NeighbourOptions) {}

  get size(): number {
    return this.known.size;
  }

  /** Takes one ARP frame. */
  receive(frame: Buffer): void {
    const message = parseArp(frame, headerLength);
    if (!message) return;
    const { address } = this.options;
    if (message.senderAddress !== 0) this.learn(message.senderAddress, message.senderMac);
    if (message.operation === arpOperations.request && message.targetAddress === address) {
      this.send(message.senderMac, {
        operation: arpOperations.reply,
        senderMac: this.options.link.mac,
        senderAddress: address,
        targetMac: message.senderMac,
        targetAddress: message.senderAddress,
      });
    }
  }

  /** Notes that `mac` sends as `address`. */
  learn(address: number, mac: number): void {
    const { subnet, address: own, clock, holder } = this.options;
    if (!inSubnet(address, subnet) || address === own || isGroup(mac)) return;
    const rightful = holder(address);
    if (rightful !== undefined && rightful !== mac) return;
    const now = clock.now();
    const entry = this.known.get(address);
    if (entry && now - entry.heard < orderMs) {
      entry.mac = mac;
    } else {
      this.known.delete(address);
      const [oldest] = this.known.keys();
      if (this.known.size >= maxNeighbours && oldest !== undefined) this.known.delete(oldest);
      this.known.set(address, { mac, heard: now });
    }
    this.answer(address, mac);
  }

  find(address: number): number | undefined {
    const rightful = this.options.holder(address);
    if (rightful !== undefined) return rightful;
    const entry = this.known.get(address);
    return entry && this.options.clock.now() - entry.heard <= lifeMs ? entry.mac : undefined;
  }

  /** Finds out who has an address, by asking where it is not known. Undefined: nobody answers. */
  resolve(address: number, found: (mac: number | undefined) => void): void {
    const mac = this.find(address);
    if (mac !== undefined) {
      found(mac);
      return;
    }
    const question = this.questions.get(address);
    if (question) {
      if (question.waiting.length < maxWaiting) question.waiting.push(found);
      else found(undefined);
    } else if (this.questions.size >= maxQuestions) {
      found(undefined);
    } else {
      const begun: Question = { asked: 0, cancel: () => {}, waiting: [found] };
      this.questions.set(address, begun);
      this.ask(address, begun);
    }
  }

  close(): void {
    for (const address of [...this.questions.keys()]) this.answer(address, undefined);
  }

  private ask(address: number, question: Question): void {
    if (question.asked++ >= asks) {
      this.answer(address, undefined);
      return;
    }
    const { link, clock, address: own } = this.options;
    this.send(broadcastMac, {
      operation: arpOperations.request,
      senderMac: link.mac,
      senderAddress: own,
      targetMac: 0,
      targetAddress: address,
    });
    question.cancel = clock.after(askEveryMs, () => this.ask(address, question));
  }

  private answer(address: number, mac: number | undefined): void {
    const question = this.questions.get(address);
    if (!question) return;
    this.questions.delete(address);
    question.cancel();
    for (const found of question.waiting) found(mac);
  }

  private send(to: number, message: ArpMessage): void {
    const { link } = this.options;
    const frame = link.frame(headerLength + arpLength);
    writeHeader(frame, to, link.mac, etherTypes.arp);
    writeArp(frame, headerLength, message);
  }
}
