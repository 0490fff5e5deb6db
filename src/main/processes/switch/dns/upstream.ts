import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { createConnection, isIPv6 } from 'node:net';
import type { Clock } from '../clock';
import { decodeName } from './name';
import { dnsHeaderLength, isTruncated } from './message';

/** A resolver of the host. */
export interface DnsServer {
  address: string;
  port: number;
}

/** For one attempt over UDP, and for a whole question; milliseconds. */
const attemptMs = 2000;
const questionMs = 8000;
/** For one over TCP, the answer included. */
export const tcpMs = 4000;
/** Questions under way at a time. */
export const maxQuestions = 512;
/** The host's settings are looked at again after this long: a VPN may have changed them. */
const serversMs = 5000;

/** Reads the host's resolvers as they are now. */
export function hostResolvers(): DnsServer[] {
  return new Resolver().getServers().map((text) => {
    const bracketed = /^\[(.+)\]:(\d+)$/.exec(text);
    const plain = /^([^:]+):(\d+)$/.exec(text);
    const [, address, port] = bracketed ?? plain ?? [];
    return address === undefined ? { address: text, port: 53 } : { address, port: Number(port) };
  });
}

/** Asks the host's resolvers, over UDP first and over TCP where an answer is too long for that. */
export class Upstream {
  private servers: DnsServer[] = [];
  private readAt = -Infinity;
  private underWay = 0;

  constructor(
    private readonly clock: Clock,
    private readonly read: () => DnsServer[] = hostResolvers,
  ) {}

  /**
   * Asks a question as it came from a guest, under an id of our own.
   *
   * @param overTcp the guest wants the whole answer, however long
   * @returns undefined when nobody answers
   */
  async ask(message: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    if (this.underWay >= maxQuestions) return undefined;
    this.underWay++;
    try {
      const asked = Buffer.from(message);
      asked.writeUInt16BE(randomInt(65_536), 0);
      const answer = await this.askInTurn(asked, overTcp);
      if (answer) message.copy(answer, 0, 0, 2);
      return answer;
    } finally {
      this.underWay--;
    }
  }

  private async askInTurn(message: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    const servers = this.current().slice(0, 3);
    const until = this.clock.now() + questionMs;
    for (let round = 0; round < 2; round++) {
      for (const server of servers) {
        if (this.clock.now() >= until) return undefined;
        const answer = overTcp ? await askTcp(server, message) : await askUdp(server, message);
        if (answer && isTruncated(answer) && !overTcp) return (await askTcp(server, message)) ?? answer;
        if (answer) return answer;
      }
    }
    return undefined;
  }

  private current(): DnsServer[] {
    const now = this.clock.now();
    if (now - this.readAt >= serversMs) {
      this.readAt = now;
      this.servers = this.read();
    }
    return this.servers;
  }
}

/** Whether `answer` is one to this very message: same id, same question (RFC 5452, 9). */
function answers(message: Buffer, answer: Buffer): boolean {
  if (answer.length < dnsHeaderLength || (answer[2]! & 0x80) === 0) return false;
  if (answer.readUInt16BE(0) !== message.readUInt16BE(0)) return false;
  const [ours, theirs] = [decodeName(message, dnsHeaderLength), decodeName(answer, dnsHeaderLength)];
  if (!ours || !theirs) return false;
  const types = (bytes: Buffer, end: number): string => bytes.toString('hex', end, end + 4);
  return ours.name === theirs.name && types(message, ours.end) === types(answer, theirs.end);
}

function askUdp({ address, port }: DnsServer, message: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    // Every question has a port of its own, which whoever wants to forge an answer has to guess.
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const finish = (answer?: Buffer): void => {
      clearTimeout(timer);
      socket.removeAllListeners('message');
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(finish, attemptMs);
    socket.once('error', () => finish());
    // Connected, it takes datagrams of this server only, and hears at once when nobody is there.
    socket.once('connect', () => {
      socket.on('message', (answer) => {
        if (answers(message, answer)) finish(answer);
      });
      socket.send(message);
    });
    socket.connect(port, address);
  });
}

function askTcp({ address, port }: DnsServer, message: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = createConnection({ host: address, port });
    const finish = (answer?: Buffer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    // Not since the last byte: one that comes now and then would keep the question for ever.
    const timer = setTimeout(finish, tcpMs);
    socket.on('error', () => finish());
    socket.on('close', () => finish());
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, message]));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const answer = Buffer.from(received.subarray(2, 2 + received.readUInt16BE(0)));
      finish(answers(message, answer) ? answer : undefined);
    });
  });
}
