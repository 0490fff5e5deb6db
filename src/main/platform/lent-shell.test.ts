import { describe, expect, it, vi } from 'vitest';
import type { Message, MessageChannelLike } from '@shared/ipc/messages';
import { BorrowingShell, lendShell } from './lent-shell';
import type { Shell } from './shell';

/** Two ends of one channel, and what cuts it. */
function channels(): { near: MessageChannelLike; far: MessageChannelLike; cut(): void } {
  const closed: (() => void)[] = [];
  const listeners: Record<'near' | 'far', ((message: unknown) => void)[]> = { near: [], far: [] };
  const end = (own: 'near' | 'far', other: 'near' | 'far'): MessageChannelLike => ({
    post: (message: Message) =>
      queueMicrotask(() => {
        for (const listener of listeners[other]) listener(structuredClone(message));
      }),
    onMessage: (listener) => void listeners[own].push(listener),
    onClose: (listener) => void closed.push(listener),
  });
  return {
    near: end('near', 'far'),
    far: end('far', 'near'),
    cut: () => closed.forEach((listener) => listener()),
  };
}

describe('a shell that is lent', () => {
  const refused = (reason: string): never => {
    throw new Error(reason);
  };

  it('does what the app can, for as long as the app is there', async () => {
    const quit = vi.fn();
    const shell = new BorrowingShell({ kind: 'browser', quit });
    expect([shell.kind, shell.pickPath, shell.openConsole, shell.moveToTrash]).toEqual([
      'browser',
      undefined,
      undefined,
      undefined,
    ]);
    const app: Shell = {
      kind: 'electron',
      pickPath: vi.fn().mockResolvedValue('/chosen'),
      openConsole: vi.fn(),
      moveToTrash: vi.fn().mockRejectedValue(new Error('full')),
      focus: vi.fn(),
      quit: vi.fn(),
    };
    const { near, far, cut } = channels();
    expect(shell.borrow(near, refused)).toBe(true);
    lendShell(far, app, refused);
    expect(shell.kind).toBe('electron');
    // One app at a time: another one has its window shown by this one.
    expect(shell.borrow(channels().near, refused)).toBe(false);
    expect(await shell.pickPath?.('image')).toBe('/chosen');
    expect(app.pickPath).toHaveBeenCalledWith('image');
    shell.openConsole?.('abc');
    shell.focus();
    await vi.waitFor(() => expect(app.openConsole).toHaveBeenCalledWith('abc'), 60_000);
    expect(app.focus).toHaveBeenCalledTimes(1);
    await expect(shell.moveToTrash?.('/x')).rejects.toThrow('full');

    const asked = shell.pickPath?.('image');
    cut();
    await expect(asked).rejects.toMatchObject({ code: 'ipc.closed' });
    expect([shell.kind, shell.pickPath]).toEqual(['browser', undefined]);
    shell.quit();
    await vi.waitFor(() => expect(quit).toHaveBeenCalledTimes(1), 60_000);
    expect(app.quit).not.toHaveBeenCalled();
  });

  it('tells the app that the program ends, before it does', async () => {
    const order: string[] = [];
    const shell = new BorrowingShell({ kind: 'browser', quit: () => void order.push('program') });
    const { near, far } = channels();
    shell.borrow(near, refused);
    lendShell(far, { kind: 'electron', quit: () => void order.push('app') }, refused);
    shell.quit();
    await vi.waitFor(() => expect(order).toEqual(['app', 'program']), 60_000);
  });

  it('is that of one app at a time, and of another when that has gone', async () => {
    const shell = new BorrowingShell({ kind: 'browser' });
    const first = channels();
    const second = channels();
    const opened: string[] = [];
    const lend = (name: string, { near, far }: typeof first): boolean => {
      lendShell(far, { kind: 'electron', openConsole: () => void opened.push(name) }, refused);
      return shell.borrow(near, refused);
    };
    expect([lend('first', first), lend('second', second)]).toEqual([true, false]);
    shell.openConsole?.('abc');
    await vi.waitFor(() => expect(opened).toEqual(['first']), 60_000);
    first.cut();
    expect(lend('second', second)).toBe(true);
    shell.openConsole?.('abc');
    await vi.waitFor(() => expect(opened.at(-1)).toBe('second'), 60_000);
  });
});
