import { formatIpv4 } from '@shared/network/address';
import { formatIpv6 } from '@shared/network/ipv6';

/** What a client of the proxy wants, and what it is told. */
export interface ProxyRequest {
  host: string;
  port: number;
  /** What goes to the machine before everything else that the client sends. */
  first: Buffer;
  /** Said when the machine has answered; nothing where the machine's own answer is enough. */
  accepted: Buffer;
  refusals: Record<Refusal, Buffer>;
}

/** `denied`: the firewall; `unknown`: no machine has the name or address; `refused`, `silent`: what the machine did. */
export type Refusal = 'denied' | 'unknown' | 'refused' | 'silent';

/** One step of the talk before the connection. */
export type ProxyStep =
  /** Not enough has come yet. */
  | { kind: 'more' }
  /** Something is to be said first; `used` bytes have been understood. */
  | { kind: 'answer'; answer: Buffer; used: number }
  | { kind: 'request'; request: ProxyRequest }
  /** It makes no sense; this is said, and the connection ends. */
  | { kind: 'wrong'; answer: Buffer };

/** Longer heads than this make no sense. */
export const longestHead = 16 * 1024;

const more: ProxyStep = { kind: 'more' };

/**
 * Reads what a client has sent so far. Pure.
 *
 * @param greeted whether it has been answered by SOCKS once
 */
export function readRequest(bytes: Buffer, greeted: boolean): ProxyStep {
  if (bytes.length === 0) return more;
  if (greeted) return readSocksRequest(bytes);
  return bytes[0] === socksVersion ? readGreeting(bytes) : readHttp(bytes);
}

const socksVersion = 5;
const noAuthentication = 0;
const noneAcceptable = 0xff;
const addressTypes = { ipv4: 1, name: 3, ipv6: 4 };
/** Replies of RFC 1928, section 6. */
const replies = {
  succeeded: 0,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  commandUnknown: 7,
  addressUnknown: 8,
};

/** RFC 1928, section 3. */
function readGreeting(bytes: Buffer): ProxyStep {
  const count = bytes[1];
  if (count === undefined || bytes.length < 2 + count) return more;
  const offered = bytes.subarray(2, 2 + count).includes(noAuthentication);
  return offered
    ? { kind: 'answer', answer: Buffer.of(socksVersion, noAuthentication), used: 2 + count }
    : { kind: 'wrong', answer: Buffer.of(socksVersion, noneAcceptable) };
}

/** RFC 1928, sections 4 and 5. */
function readSocksRequest(bytes: Buffer): ProxyStep {
  if (bytes[0] !== socksVersion) return { kind: 'wrong', answer: Buffer.alloc(0) };
  if (bytes.length < 5) return more;
  const connect = 1;
  if (bytes[1] !== connect) return { kind: 'wrong', answer: socksReply(replies.commandUnknown) };
  const lengths: Record<number, number> = {
    [addressTypes.ipv4]: 4,
    [addressTypes.name]: 1 + (bytes[4] ?? 0),
    [addressTypes.ipv6]: 16,
  };
  const length = lengths[bytes[3] ?? 0];
  if (length === undefined) return { kind: 'wrong', answer: socksReply(replies.addressUnknown) };
  const end = 4 + length;
  if (bytes.length < end + 2) return more;
  const address = bytes.subarray(4, end);
  const host =
    bytes[3] === addressTypes.ipv4
      ? formatIpv4(address.readUInt32BE())
      : bytes[3] === addressTypes.ipv6
        ? formatIpv6(address.toString('latin1'))
        : address.subarray(1).toString('latin1');
  return {
    kind: 'request',
    request: {
      host,
      port: bytes.readUInt16BE(end),
      first: bytes.subarray(end + 2),
      accepted: socksReply(replies.succeeded),
      refusals: {
        denied: socksReply(replies.notAllowed),
        unknown: socksReply(replies.hostUnreachable),
        refused: socksReply(replies.refused),
        silent: socksReply(replies.hostUnreachable),
      },
    },
  };
}

/** RFC 1928, section 6; the address that is bound says nothing to a client. */
const socksReply = (reply: number): Buffer =>
  Buffer.of(socksVersion, reply, 0, addressTypes.ipv4, 0, 0, 0, 0, 0, 0);

/** Fields that are between a client and its proxy (RFC 9110, 7.6.1, and what browsers have sent since before it). */
const hopByHop = /^(?:connection|proxy-connection|proxy-authorization|keep-alive)$/i;

/** `CONNECT` (RFC 9110, 9.3.6), and requests for whole `http:` addresses (RFC 9112, 3.2.2). */
function readHttp(bytes: Buffer): ProxyStep {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > longestHead ? { kind: 'wrong', answer: httpAnswer(431) } : more;
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const rest = bytes.subarray(end + 4);
  const [, method = '', target = '', version = ''] = /^([!-~]+) ([!-~]+) (HTTP\/1\.[01])$/.exec(line) ?? [];
  const url = addressOf(method, target);
  if (!url) return { kind: 'wrong', answer: httpAnswer(400) };
  const refusals = { denied: 403, unknown: 502, refused: 502, silent: 504 } as const;
  const common = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 80 : Number(url.port),
    refusals: {
      denied: httpAnswer(refusals.denied),
      unknown: httpAnswer(refusals.unknown),
      refused: httpAnswer(refusals.refused),
      silent: httpAnswer(refusals.silent),
    },
  };
  if (method === 'CONNECT') {
    const accepted = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');
    return { kind: 'request', request: { ...common, first: rest, accepted } };
  }
  const kept = fields.filter((field) => !hopByHop.test(field.split(':')[0] ?? ''));
  // One request for each connection: the next one may be for another machine.
  const head = [
    `${method} ${url.pathname}${url.search} ${version}`,
    ...kept,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  const first = Buffer.concat([Buffer.from(head, 'latin1'), rest]);
  return { kind: 'request', request: { ...common, first, accepted: Buffer.alloc(0) } };
}

function addressOf(method: string, target: string): URL | undefined {
  const text = method === 'CONNECT' ? `http://${target}/` : target;
  if (method === 'CONNECT' ? !/^[^/?#@]+:\d{1,5}$/.test(target) : !/^http:\/\//i.test(target))
    return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

const reasons: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};
const explanations: Record<number, string> = {
  400: 'This is a proxy: it takes CONNECT and whole http addresses.',
  403: 'The firewall of the network does not let this pass.',
  431: 'The request is too long.',
  502: 'No machine of this network answers there.',
  504: 'The machine does not answer.',
};

function httpAnswer(status: number): Buffer {
  const text = `${explanations[status] ?? ''}\n`;
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`);
}
