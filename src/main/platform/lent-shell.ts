import { z } from 'zod';
import { rpcClient, type RpcClient, type Handlers, serveRpc } from '@shared/ipc/rpc';
import { commands } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import type { PickPurpose, Shell } from './shell';

/**
 * What a core without a desktop asks of an app that shows its machines: the app lends it its dialogs, its trash and
 * its windows for as long as it is there.
 */
const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);
const none = z.strictObject({});
const place = z.strictObject({ path: z.string() });

const lentCommands = {
  moveToTrash: { params: place, result: nothing },
  showInFolder: { params: place, result: nothing },
  openExternal: { params: z.strictObject({ url: z.string() }), result: nothing },
  pickPath: {
    params: z.strictObject({ purpose: commands['host.pickPath'].params.shape.purpose }),
    result: z.string().nullable(),
  },
  openConsole: { params: z.strictObject({ id: z.string() }), result: nothing },
  focus: { params: none, result: nothing },
  quitCancelled: { params: none, result: nothing },
  hasTray: { params: none, result: z.boolean() },
  launchesAtLogin: { params: none, result: z.boolean().nullable() },
  launchAtLogin: { params: z.strictObject({ on: z.boolean() }), result: nothing },
  /** The core has ended, and is to be found elsewhere by an app that starts again. */
  restart: { params: none, result: nothing },
  /** The core has ended as it should, and so should the app. */
  quit: { params: none, result: nothing },
} as const;

/** How long the app is waited for to hear that the core ends, in milliseconds. */
const farewellMs = 1000;

/** The app's side: answers with its own shell until the channel closes. */
export function lendShell(
  channel: MessageChannelLike,
  shell: Shell,
  refused: (reason: string) => void,
): void {
  const handlers: Handlers<typeof lentCommands> = {
    moveToTrash: ({ path }) => shell.moveToTrash?.(path),
    showInFolder: ({ path }) => shell.showInFolder?.(path),
    openExternal: ({ url }) => shell.openExternal?.(url),
    pickPath: ({ purpose }) => shell.pickPath?.(purpose) ?? null,
    openConsole: ({ id }) => shell.openConsole?.(id),
    focus: () => shell.focus?.(),
    quitCancelled: () => shell.quitCancelled?.(),
    hasTray: () => shell.hasTray?.() ?? false,
    launchesAtLogin: () => shell.launchAtLogin?.get() ?? null,
    launchAtLogin: ({ on }) => shell.launchAtLogin?.set(on),
    restart: () => (shell.restart ?? shell.quit)?.(),
    quit: () => shell.quit?.(),
  };
  serveRpc(channel, lentCommands, handlers, undefined, refused);
}

/** The core's side: a shell that is its own, or the one that it was lent last. */
export class BorrowingShell implements Shell {
  #lender: RpcClient<typeof lentCommands, Record<string, never>> | undefined;

  constructor(private readonly own: Shell) {}

  /**
   * Uses what the app at the other end of the channel has, until it closes.
   *
   * @returns false when another app has lent its own: there is one at a time
   */
  borrow(channel: MessageChannelLike, refused: (reason: string) => void): boolean {
    if (this.#lender) return false;
    const lender = rpcClient(channel, lentCommands, {}, refused);
    this.#lender = lender;
    channel.onClose(() => {
      if (this.#lender === lender) this.#lender = undefined;
    });
    return true;
  }

  get kind(): Shell['kind'] {
    return this.#lender ? 'electron' : this.own.kind;
  }

  get moveToTrash(): ((path: string) => Promise<void>) | undefined {
    const lender = this.#lender;
    return lender ? (path) => lender.call('moveToTrash', { path }) : this.own.moveToTrash?.bind(this.own);
  }

  get showInFolder(): ((path: string) => Promise<void>) | undefined {
    const lender = this.#lender;
    return lender ? (path) => lender.call('showInFolder', { path }) : this.own.showInFolder?.bind(this.own);
  }

  get openExternal(): ((url: string) => Promise<void>) | undefined {
    const lender = this.#lender;
    return lender ? (url) => lender.call('openExternal', { url }) : this.own.openExternal?.bind(this.own);
  }

  get pickPath(): ((purpose: PickPurpose) => Promise<string | null>) | undefined {
    const lender = this.#lender;
    return lender ? (purpose) => lender.call('pickPath', { purpose }) : this.own.pickPath?.bind(this.own);
  }

  get openConsole(): ((id: string) => void) | undefined {
    const lender = this.#lender;
    return lender
      ? (id) => this.#tell(lender.call('openConsole', { id }))
      : this.own.openConsole?.bind(this.own);
  }

  get hearsSleep(): boolean {
    return this.#lender !== undefined || (this.own.hearsSleep ?? false);
  }

  get hasTray(): (() => Promise<boolean>) | undefined {
    const lender = this.#lender;
    return lender ? () => lender.call('hasTray', {}) : this.own.hasTray?.bind(this.own);
  }

  /** That of the app: a program in the background is started by whoever wants it. */
  get launchAtLogin(): Shell['launchAtLogin'] {
    const lender = this.#lender;
    if (!lender) return this.own.launchAtLogin;
    return {
      get: async () => (await lender.call('launchesAtLogin', {})) ?? false,
      set: (on) => lender.call('launchAtLogin', { on }),
    };
  }

  readonly focus = (): void => {
    if (this.#lender) this.#tell(this.#lender.call('focus', {}));
    else this.own.focus?.();
  };

  readonly quitCancelled = (): void => {
    if (this.#lender) this.#tell(this.#lender.call('quitCancelled', {}));
    else this.own.quitCancelled?.();
  };

  /** The app is told first, so that it does not take the end for a crash. */
  readonly quit = (): void => this.#end('quit');

  /** The app starts again, and this program with it if there is need of it. */
  readonly restart = (): void => this.#end('restart');

  #end(how: 'quit' | 'restart'): void {
    const told = this.#lender?.call(how, {}, { timeoutMs: farewellMs }) ?? Promise.resolve();
    const own = (): void => this.own.quit?.();
    told.then(own, own);
  }

  /** An app that has gone meanwhile has nothing to be told. */
  #tell(asked: Promise<unknown>): void {
    asked.catch(() => undefined);
  }
}
