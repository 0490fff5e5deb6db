import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * The name of the cookie that a browser shows after it came with the token once. Browsers do not tell the ports of a
 * computer apart: with one name for all of them two programs would keep throwing each other's pages out.
 */
const cookieName = (port: number): string => `vivarium-${port}`;

/** Invitations that nobody has used yet; older ones are forgotten. Every command that attaches is told one. */
const mostInvitations = 1000;

/** Who may speak to the server: browsers of this computer that were given the token. */
export interface Access {
  /** The request is for this server and comes from a page of ours, or from no page. */
  isForUs(request: IncomingMessage): boolean;
  /** The request comes from a page of ours: for everything that changes something. */
  isFromOurPage(request: IncomingMessage): boolean;
  hasCookie(request: IncomingMessage): boolean;
  /** Whether an address lets a browser in: by the token, or by an invitation, which is used up then. */
  admits(given: string | null): boolean;
  /**
   * What stands in place of the token in an address that is passed to another program: every user of this computer
   * can see the words that programs are started with. It lets in one browser, once.
   */
  invitation(): string;
  /** What sets the cookie. */
  cookie(): string;
}

/**
 * @param token the secret, of characters that may stand in a cookie
 * @param port where the server listens on the loopback interface
 */
export function accessFor(token: string, port: number): Access {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const origins = hosts.map((host) => `http://${host}`);
  // Hashes are of one length, so that the comparison takes the same time whatever was given.
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const isToken = (given: string | null | undefined): boolean =>
    typeof given === 'string' && timingSafeEqual(hash(given), hash(token));
  let invited: string[] = [];
  return {
    // Another name for 127.0.0.1 would be a page of somebody else's that had its own name point here.
    isForUs: ({ headers }) =>
      hosts.includes(headers.host ?? '') &&
      (headers.origin === undefined || origins.includes(headers.origin)),
    isFromOurPage: ({ headers }) => headers.origin === `http://${headers.host ?? ''}`,
    hasCookie: ({ headers }) =>
      cookiesOf(headers.cookie).some(([name, value]) => name === cookieName(port) && isToken(value)),
    admits(given) {
      if (isToken(given)) return true;
      const found = invited.find((one) => given !== null && timingSafeEqual(hash(given), hash(one)));
      invited = invited.filter((one) => one !== found);
      return found !== undefined;
    },
    invitation() {
      const invitation = randomBytes(32).toString('base64url');
      invited = [invitation, ...invited].slice(0, mostInvitations);
      return invitation;
    },
    cookie: () => `${cookieName(port)}=${token}; HttpOnly; SameSite=Strict; Path=/`,
  };
}

function cookiesOf(header = ''): [string, string][] {
  return header.split(';').map((part) => {
    const equals = part.indexOf('=');
    return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  });
}

/** What a page of ours may load and reach, in either shell. @param sockets addresses of WebSockets it may open */
export function contentSecurityPolicy(sockets: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    ["connect-src 'self'", ...sockets].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** Headers of every answer. @param port where the page's WebSockets may go */
export function securityHeaders(port: number): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy([`ws://127.0.0.1:${port}`, `ws://localhost:${port}`]),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  };
}

/** What a request asks for; undefined when it makes no sense. */
export function parseUrl({ url = '/' }: IncomingMessage): URL | undefined {
  if (!url.startsWith('/')) return undefined;
  try {
    return new URL(`http://localhost${url}`);
  } catch {
    return undefined;
  }
}
