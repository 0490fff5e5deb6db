import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { commands, type Commands, events, type Events } from '@shared/ipc/contract';
import type { Message } from '@shared/ipc/messages';
import { rpcClient, type RpcClient } from '@shared/ipc/rpc';
import type { Core } from '../../src/main/core';
import { type BrowserServer, startBrowserServer } from '../../src/main/server/server';
import { buildMain, type BuiltMain, temporaryFolder, testCore } from './core';

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

type OnMessage = (socket: WebSocket, data: Buffer, isBinary: boolean) => void;

/** Browser mode on a core with a small user interface, and the page of a person who has been let in. */
export class ServerUnderTest {
  cookie = '';

  private constructor(
    /** Beside the data folder lies what is not to be served: `secret.js`. */
    readonly folder: string,
    readonly core: Core,
    readonly server: BrowserServer,
    private readonly built: BuiltMain,
  ) {}

  static async start(): Promise<ServerUnderTest> {
    const built = await buildMain();
    const folder = await temporaryFolder();
    const rendererFolder = join(folder, 'renderer');
    await mkdir(join(rendererFolder, 'assets'), { recursive: true });
    await writeFile(join(rendererFolder, 'manager.html'), '<title>manager</title>');
    await writeFile(join(rendererFolder, 'console.html'), '<title>console</title>');
    await writeFile(join(rendererFolder, 'assets', 'a-b_1.js'), 'export {};');
    await writeFile(join(folder, 'secret.js'), 'secret');
    await symlink(join(folder, 'secret.js'), join(rendererFolder, 'out.js'));
    const core = await testCore(built.folder, join(folder, 'data'));
    await writeFile(join(core.mediaFolder, '.0123.upload'), 'left by a killed program');
    const server = await startBrowserServer({ core, rendererFolder, port: 0 });
    const started = new ServerUnderTest(folder, core, server, built);
    const { headers } = await started.ask('GET', started.entrance, { cookie: '' });
    started.cookie = (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
    return started;
  }

  /** The path by which a person is let in. */
  get entrance(): string {
    return this.server.url.slice(this.server.url.indexOf('/?'));
  }

  get port(): number {
    return this.server.port;
  }

  get ownOrigin(): Record<string, string> {
    return { origin: `http://127.0.0.1:${this.port}` };
  }

  /** One request, with the headers of our own page unless others are given. `cookie` '' sends none. */
  ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Uint8Array | string,
  ): Promise<Reply> {
    const all: Record<string, string> = { host: `127.0.0.1:${this.port}`, cookie: this.cookie, ...headers };
    if (all['cookie'] === '') delete all['cookie'];
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port: this.port, method, path, headers: all, agent: false },
        (response) => {
          let text = '';
          response.on('data', (data: Buffer) => (text += data.toString()));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** `onMessage` hears everything: the first message may come together with the answer that opens the socket. */
  openSocket(path: string, headers: Record<string, string> = {}, onMessage?: OnMessage): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, {
      headers: { cookie: this.cookie, ...this.ownOrigin, ...headers },
      perMessageDeflate: false,
    });
    if (onMessage) socket.on('message', (data: Buffer, isBinary) => onMessage(socket, data, isBinary));
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(socket));
      socket.on('error', reject);
    });
  }

  /** The contract, as a page speaks it. */
  async client(): Promise<{ socket: WebSocket; rpc: RpcClient<Commands, Events> }> {
    const socket = await this.openSocket('/rpc');
    const channel = {
      post: (message: Message) => socket.send(JSON.stringify(message)),
      onMessage: (listener: (message: unknown) => void) =>
        void socket.on('message', (data) => listener(JSON.parse(String(data)))),
      onClose: (listener: () => void) => void socket.on('close', listener),
    };
    const rpc = rpcClient<Commands, Events>(channel, commands, events, (reason) => {
      throw new Error(reason);
    });
    return { socket, rpc };
  }

  async close(): Promise<void> {
    await this.core.shutdown('power-off');
    await this.server.close();
    await this.built.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
