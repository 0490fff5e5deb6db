import { inSubnet, type Subnet } from '@shared/network/address';
import type { Clock } from '../clock';
import { DnsCache } from './cache';
import {
  buildAnswer,
  buildError,
  isTruncated,
  parseQuestion,
  type Question,
  recordTypes,
  responseCodes,
  truncate,
} from './message';

export interface ResolverOptions {
  clock: Clock;
  domain: string;
  gateway: number;
  subnet: Subnet;
  /** Whether names of the world outside are looked up. */
  internet: boolean;
  /** The address of a machine, by its name as a label. */
  addressOf(label: string): number | undefined;
  nameOf(address: number): string | undefined;
  /** Asks the host's resolvers. */
  upstream(message: Buffer, overTcp: boolean): Promise<Buffer | undefined>;
}

/** Names under which a guest reaches the gateway, and through it what the host offers. */
const gatewayNames = new Set(['gateway', 'host']);

/** Answers guests' questions for names. */
export class DnsResolver {
  private readonly cache: DnsCache;

  constructor(private options: ResolverOptions) {
    this.cache = new DnsCache(options.clock.now);
  }

  configure(options: ResolverOptions): void {
    this.options = options;
    this.cache.clear();
  }

  /** @returns undefined for what deserves no answer */
  async answer(message: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    const question = parseQuestion(message);
    if (!question) return buildError(message, responseCodes.formatError);
    const answer = this.own(question) ?? (await this.fromOutside(message, question, overTcp));
    return !overTcp && answer.length > question.udpLength ? truncate(question, answer) : answer;
  }

  private own(question: Question): Buffer | undefined {
    const { domain, internet } = this.options;
    const { name, type } = question;
    const reverse = this.reverse(question);
    if (reverse) return reverse;
    const inDomain = name === domain || name.endsWith(`.${domain}`);
    if (!inDomain && name.includes('.')) {
      return internet ? undefined : buildAnswer(question, responseCodes.noSuchName);
    }
    // A single label is a name of this network or none: it is nobody else's business.
    const label = name === domain ? '' : inDomain ? name.slice(0, -domain.length - 1) : name;
    const address = gatewayNames.has(label) ? this.options.gateway : this.options.addressOf(label);
    if (label === '' && internet && !inDomain) return undefined;
    if (address === undefined) {
      return buildAnswer(question, label === '' ? responseCodes.ok : responseCodes.noSuchName);
    }
    const wanted = type === recordTypes.a || type === recordTypes.any;
    return buildAnswer(question, responseCodes.ok, wanted ? [{ address }] : []);
  }

  /** Questions for the name of an address of this network (RFC 1035, 3.5). */
  private reverse(question: Question): Buffer | undefined {
    const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(question.name);
    if (!octets) return undefined;
    const address = octets.slice(1).reduceRight((sum, octet) => sum * 256 + Number(octet), 0);
    const { subnet, gateway, domain, nameOf } = this.options;
    if (!inSubnet(address, subnet)) return undefined;
    const name = address === gateway ? 'gateway' : nameOf(address);
    if (name === undefined) return buildAnswer(question, responseCodes.noSuchName);
    const wanted = question.type === recordTypes.ptr || question.type === recordTypes.any;
    return buildAnswer(question, responseCodes.ok, wanted ? [{ pointer: `${name}.${domain}` }] : []);
  }

  private async fromOutside(message: Buffer, question: Question, overTcp: boolean): Promise<Buffer> {
    const key = `${question.name} ${question.type} ${question.recordClass} ${extrasOf(message, question)}`;
    const known = this.cache.find(key, question);
    if (known) return known;
    const answer = await this.options.upstream(message, overTcp);
    if (!answer) return buildAnswer(question, responseCodes.serverFailure);
    if (!isTruncated(answer)) this.cache.add(key, question, answer);
    return answer;
  }
}

/** All that may change an answer besides the question: flags, and what EDNS asks for. */
function extrasOf(message: Buffer, question: Question): string {
  return `${message.toString('hex', 2, 4)} ${message.toString('hex', 12 + question.section.length, 512)}`;
}
