import { z } from 'zod';
import { commands } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import { serveRpc } from '@shared/ipc/rpc';
import type { UpdateHandlers } from '../../api/updates';

const updateCommands: Pick<typeof commands, keyof UpdateHandlers> = {
  'updates.get': commands['updates.get'],
  'updates.check': commands['updates.check'],
  'updates.download': commands['updates.download'],
  'updates.cancel': commands['updates.cancel'],
  'updates.install': commands['updates.install'],
};

const aboutUpdates = z.object({ kind: z.literal('call'), name: z.string().startsWith('updates.') });

/**
 * Answers what a window asks about updates.
 *
 * @returns what takes a message of the window; false when it is about something else
 */
export function serveUpdates(
  window: MessageChannelLike,
  handlers: UpdateHandlers,
): (message: unknown) => boolean {
  let take: (message: unknown) => void = () => {};
  const channel: MessageChannelLike = {
    post: (message) => window.post(message),
    onMessage: (listener) => void (take = listener),
    onClose: (listener) => window.onClose(listener),
  };
  serveRpc<typeof updateCommands, Record<string, never>, void>(
    channel,
    updateCommands,
    handlers,
    undefined,
    // Pages of our own version ask what there is; anything else is answered as an error.
    () => {},
  );
  return (message) => {
    if (!aboutUpdates.safeParse(message).success) return false;
    take(message);
    return true;
  };
}
