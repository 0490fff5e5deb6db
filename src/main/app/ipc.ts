import {
  type BrowserWindow,
  ipcMain,
  type IpcMainEvent,
  MessageChannelMain,
  type WebContents,
} from 'electron';
import { z } from 'zod';
import { toErrorValue } from '@shared/errors';
import type { Events } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { isOwnPage } from './windows/content-rules';

/** The channels' names stand also in `preload/preload.ts`. */
const messageChannel = 'vivarium:message';
const openStreamChannel = 'vivarium:open-stream';
const streamChannel = 'vivarium:stream';

const streamRequest = z.strictObject({
  requestId: z.string().max(64),
  name: z.string().max(64),
  params: z.unknown(),
});

/** What the windows ask of main. */
export interface WindowServer {
  /** Serves the contract to one window until it closes. `client` is its name in the log. */
  connect(channel: MessageChannelLike, client: string): void;
  /** Hands one end of a stream to whoever serves it. @throws Failure when there is no such stream */
  openStream(name: string, params: unknown, port: Electron.MessagePortMain): void;
  refused(reason: string): void;
}

/** Connects windows to the contract. Only the main frame of one of our own pages is listened to. */
export class WindowIpc {
  private readonly listeners = new Map<number, (message: unknown) => void>();

  constructor(private readonly server: WindowServer) {
    ipcMain.on(messageChannel, (event, message: unknown) => {
      if (this.isTrusted(event)) this.listeners.get(event.sender.id)?.(message);
    });
    ipcMain.on(openStreamChannel, (event, request: unknown) => {
      if (this.isTrusted(event)) this.openStream(event, request);
    });
  }

  /** Serves the window's page. Precondition: called before it loads. */
  connect(window: BrowserWindow): void {
    const { webContents } = window;
    const { id } = webContents;
    let close = this.servePage(webContents);
    // The page that comes after it must not hear the answers to what this one has asked.
    webContents.on('render-process-gone', () => {
      close();
      close = this.servePage(webContents);
    });
    webContents.on('destroyed', () => {
      this.listeners.delete(id);
      close();
    });
  }

  /** @returns what ends it */
  private servePage(webContents: WebContents): () => void {
    let open = true;
    const closed: (() => void)[] = [];
    const channel: MessageChannelLike = {
      post: (message) => {
        if (open && !webContents.isDestroyed()) webContents.send(messageChannel, message);
      },
      onMessage: (listener) => void this.listeners.set(webContents.id, listener),
      onClose: (listener) => void closed.push(listener),
    };
    this.server.connect(channel, `window ${webContents.id}`);
    return () => {
      open = false;
      for (const listener of closed) listener();
    };
  }

  /** Tells one window something, as an event of the contract. Its page has loaded. */
  tell<N extends keyof Events & string>(window: BrowserWindow, name: N, value: z.input<Events[N]>): void {
    if (!window.webContents.isDestroyed())
      window.webContents.send(messageChannel, { kind: 'event', name, value });
  }

  private isTrusted(event: IpcMainEvent): boolean {
    const frame = event.senderFrame;
    const trusted = frame !== null && frame === event.sender.mainFrame && isOwnPage(frame.url);
    if (!trusted) this.server.refused(`a message from ${frame?.url ?? 'a frame that is gone'}`);
    return trusted;
  }

  private openStream(event: IpcMainEvent, raw: unknown): void {
    const request = streamRequest.safeParse(raw);
    if (!request.success) {
      this.server.refused('a stream request that does not fit');
      return;
    }
    const { requestId, name, params } = request.data;
    const { port1, port2 } = new MessageChannelMain();
    try {
      this.server.openStream(name, params, port1);
      if (!event.sender.isDestroyed()) event.sender.postMessage(streamChannel, { requestId }, [port2]);
    } catch (error) {
      if (!event.sender.isDestroyed())
        event.sender.send(streamChannel, { requestId, error: toErrorValue(error) });
    }
  }
}
