import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorValue, toErrorValue } from '@shared/errors';
import type { Message, MessageChannelLike } from '@shared/ipc/messages';
import type { Core } from '../core';
import { parseUrl } from './access';

/** Longest message of a client, in bytes. */
const maxMessage = 1024 * 1024;
/** Bytes that may wait for a client; one that does not read its events is let go. */
const maxWaiting = 32 * 1024 * 1024;
/** The close code whose reason is an `ErrorValue` as JSON. */
const errorClose = 4000;
/** A close reason may have 123 bytes (RFC 6455, 5.5). */
const maxReason = 123;

/** The WebSockets of browser mode: `/rpc` is served here, `/stream` is handed to the process that it is for. */
export class WebSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessage,
  });
  private readonly open = new Set<WebSocket>();

  constructor(private readonly core: Core) {}

  /** Precondition: the request has been found to be one of our own page's. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const url = parseUrl(request);
    if (url?.pathname === '/rpc') {
      this.accept(request, socket, head, (webSocket) => this.serve(webSocket));
    } else if (url?.pathname === '/stream') {
      this.stream(request, socket, head, url.searchParams);
    } else {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    }
  }

  /** Pages that are open; streams belong to their machines' processes. */
  get count(): number {
    return this.open.size;
  }

  close(): void {
    for (const webSocket of this.open) webSocket.terminate();
  }

  private accept(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    accepted: (webSocket: WebSocket) => void,
  ): void {
    this.server.handleUpgrade(request, socket, head, (webSocket) => {
      this.open.add(webSocket);
      webSocket.on('error', () => webSocket.terminate());
      webSocket.on('close', () => this.open.delete(webSocket));
      accepted(webSocket);
    });
  }

  private serve(webSocket: WebSocket): void {
    const channel: MessageChannelLike = {
      post(message: Message) {
        if (webSocket.readyState !== webSocket.OPEN) return;
        if (webSocket.bufferedAmount > maxWaiting) webSocket.terminate();
        else webSocket.send(JSON.stringify(message));
      },
      onMessage(listener) {
        webSocket.on('message', (data, isBinary) => listener(isBinary ? undefined : parse(data)));
      },
      onClose: (listener) => void webSocket.on('close', listener),
    };
    this.core.serve(channel, 'a page');
  }

  /** The socket goes to the machine's process as it is, unanswered; that process accepts the WebSocket. */
  private stream(request: IncomingMessage, socket: Socket, head: Buffer, query: URLSearchParams): void {
    try {
      const params: unknown = JSON.parse(query.get('params') ?? '{}');
      this.core.openStream(query.get('name') ?? '', params, {
        kind: 'web-socket',
        socket,
        head,
        headers: plainHeaders(request),
      });
    } catch (error) {
      const value: ErrorValue =
        error instanceof SyntaxError
          ? { code: 'ipc.bad-message', message: 'The parameters are not JSON.' }
          : toErrorValue(error);
      // A browser shows a page why only when the WebSocket was open.
      this.accept(request, socket, head, (webSocket) => webSocket.close(errorClose, reasonOf(value)));
    }
  }
}

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined; // refused as a message that does not fit
  }
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const wanted = Object.entries(headers).filter(([name]) => name !== 'cookie');
  return Object.fromEntries(
    wanted.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** An error as JSON that fits into a close reason. */
function reasonOf({ code, message }: ErrorValue): Buffer {
  let text = message;
  for (;;) {
    const reason = Buffer.from(JSON.stringify({ code, message: text }));
    if (reason.byteLength <= maxReason || text === '') return reason;
    text = text.length > 2 ? `${[...text].slice(0, -2).join('')}…` : '';
  }
}
