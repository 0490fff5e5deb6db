import { expect, it, vi } from 'vitest';
import type { Message } from '@shared/ipc/messages';
import { noUpdateKnown } from '@shared/updates/status';
import { serveUpdates } from './serve-updates';

it('answers questions about updates, and leaves all others alone', async () => {
  const posted: Message[] = [];
  const status = noUpdateKnown('itself');
  const install = vi.fn();
  const window = { post: (message: Message) => void posted.push(message), onMessage() {}, onClose() {} };
  const isAnswered = serveUpdates(window, {
    'updates.get': () => status,
    'updates.check': () => status,
    'updates.download': () => {},
    'updates.cancel': () => {},
    'updates.install': install,
  });
  expect(isAnswered({ kind: 'call', id: 7, name: 'machine.list', params: {} })).toBe(false);
  expect(isAnswered('nonsense')).toBe(false);
  expect(isAnswered({ kind: 'call', id: 8, name: 'updates.get', params: {} })).toBe(true);
  expect(isAnswered({ kind: 'call', id: 9, name: 'updates.install', params: {} })).toBe(true);
  expect(isAnswered({ kind: 'call', id: 10, name: 'updates.none', params: {} })).toBe(true);
  await expect.poll(() => posted.length).toBe(3);
  expect(posted).toContainEqual({ kind: 'result', id: 8, value: status });
  expect(install).toHaveBeenCalledTimes(1);
  expect(posted.find((message) => 'id' in message && message.id === 10)).toMatchObject({ kind: 'error' });
});
