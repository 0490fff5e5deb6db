import type { Clock } from '../clock';
import type { Address } from '../ip/address';
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
  /** The gateway's own addresses. */
  gateway: readonly Address[];
  /** Whether names of the world outside are looked up. */
  internet: boolean;
  /** Names that a person has written down, in the domain or as they are. */
  names: readonly { name: string; address: Address }[];
  /** The addresses of a machine, by its name as a label. */
  addressesOf(label: string): readonly Address[];
  /** Whether it is an address of this network: nobody else is asked for its name then. */
  isInside(address: Address): boolean;
  nameOf(address: Address): string | undefined;
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
    const { name } = question;
    const reverse = this.reverse(question);
    if (reverse) return reverse;
    const inDomain = name === domain || name.endsWith(`.${domain}`);
    if (!inDomain && name.includes('.')) {
      const written = this.options.names.filter((entry) => entry.name === name);
      if (written.length > 0)
        return this.answerWith(
          question,
          written.map(({ address }) => address),
        );
      return internet ? undefined : buildAnswer(question, responseCodes.noSuchName);
    }
    // A single label is a name of this network or none: it is nobody else's business.
    const label = name === domain ? '' : inDomain ? name.slice(0, -domain.length - 1) : name;
    if (label === '' && internet && !inDomain) return undefined;
    const addresses = this.addressesOf(label);
    if (addresses.length === 0) {
      return buildAnswer(question, label === '' ? responseCodes.ok : responseCodes.noSuchName);
    }
    return this.answerWith(question, addresses);
  }

  private addressesOf(label: string): readonly Address[] {
    const { gateway, names, addressesOf } = this.options;
    if (gatewayNames.has(label)) return gateway;
    const written = names.filter(({ name }) => name === label).map(({ address }) => address);
    return written.length > 0 ? written : addressesOf(label);
  }

  private answerWith(question: Question, addresses: readonly Address[]): Buffer {
    const { a, aaaa, any } = recordTypes;
    const { type } = question;
    const wanted = addresses.filter(
      (address) => type === any || type === (typeof address === 'number' ? a : aaaa),
    );
    return buildAnswer(
      question,
      responseCodes.ok,
      wanted.map((address) => ({ address })),
    );
  }

  /** Questions for the name of an address of this network (RFC 1035, 3.5; RFC 3596, 2.5). */
  private reverse(question: Question): Buffer | undefined {
    const address = reversed(question.name);
    const { gateway, domain, nameOf, names, isInside } = this.options;
    if (address === undefined) return undefined;
    const written = names.find((entry) => entry.address === address)?.name;
    if (!isInside(address) && written === undefined) return undefined;
    const name = gateway.includes(address) ? 'gateway' : (written ?? nameOf(address));
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

/** The address that a name of `in-addr.arpa` or `ip6.arpa` stands for. */
function reversed(name: string): Address | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (octets) return octets.slice(1).reduceRight((sum, octet) => sum * 256 + Number(octet), 0);
  const nibbles = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1]?.split('.').reverse().join('');
  return nibbles === undefined ? undefined : Buffer.from(nibbles, 'hex').toString('latin1');
}
