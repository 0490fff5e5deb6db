import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { flushPromises, type VueWrapper } from '@vue/test-utils';
import { Failure } from '@shared/errors';
import { byteStreamOver, type StreamChannel } from '@shared/ipc/byte-stream';
import { decodeTerminalInput } from '@shared/ipc/terminal-process';
import { openStream } from '../../bridge/streams';
import { testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import SshView from './SshView.vue';
import type { TerminalOptions } from './xterm';

/** The page's side of a terminal. Its characters are drawn by xterm, which needs a real browser. */
const drawn = vi.hoisted(() => ({ text: '', options: undefined as unknown }));
vi.mock('./xterm', async (original) => ({
  ...(await original<typeof import('./xterm')>()),
  pageTerminal: (_area: HTMLElement, options: TerminalOptions) => {
    drawn.options = options;
    const write = (data: string | Uint8Array, done?: () => void): void => {
      drawn.text += typeof data === 'string' ? data : new TextDecoder().decode(data);
      done?.();
    };
    const terminal = { cols: 91, rows: 17, write, focus: () => {}, hasSelection: () => false };
    return { terminal, fit: () => {}, dispose: () => {} };
  },
}));
vi.mock('../../bridge/streams', () => ({ openStream: vi.fn() }));

let view: VueWrapper;
let say: (message: Uint8Array | string) => void;
let hangUp: () => void;
const sent: (Uint8Array | string)[] = [];

beforeEach(() => {
  Object.assign(drawn, { text: '', options: undefined });
  sent.length = 0;
  testBackend({ 'machine.sshUser': () => 'ada' });
  const channel: StreamChannel = {
    send: (message) => void sent.push(message),
    onMessage: (listener) => (say = listener),
    onClose: (listener) => (hangUp = listener),
    close: () => hangUp(),
  };
  vi.mocked(openStream).mockReset();
  vi.mocked(openStream).mockResolvedValue(byteStreamOver(channel));
  view = mountInWindow(SshView, { machine: testMachine(1, 'Alpha', 'running'), visible: true });
});
afterEach(() => view.unmount());

const user = () => view.find<HTMLInputElement>('input[name="ssh-user"]');
const connect = () => view.find<HTMLButtonElement>('[data-action="connect"]');

it('logs in as who it was last time, passes keys and sizes on, and says when it is over', async () => {
  await flushPromises();
  expect(user().element.value).toBe('ada');
  await view.find('form').trigger('submit');
  await flushPromises();
  const { id } = testMachine(1, 'Alpha');
  expect(openStream).toHaveBeenCalledWith('console.ssh', { id, user: 'ada', columns: 91, rows: 17 });
  expect(view.find('[role="status"]').text()).toBe('Connected by ssh');

  say(new TextEncoder().encode('Password:'));
  await flushPromises();
  expect(drawn.text).toContain('Password:');
  const options = drawn.options as TerminalOptions;
  options.onKeys(Uint8Array.of(0x61));
  options.onResize?.(120, 40);
  const input = sent.filter((message) => typeof message !== 'string').map(decodeTerminalInput);
  expect(input).toEqual([{ keys: Uint8Array.of(0x61) }, { columns: 120, rows: 40 }]);

  await view.find('[data-action="disconnect"]').trigger('click');
  expect(drawn.text).toContain('the connection has ended');
  expect(connect().exists()).toBe(true);
});

it('takes no name that ssh would take for an option, and shows what stands in the way', async () => {
  await flushPromises();
  await user().setValue('-oProxyCommand=x');
  expect(connect().element.disabled).toBe(true);
  await view.find('form').trigger('submit');
  expect(openStream).not.toHaveBeenCalled();

  await user().setValue('');
  vi.mocked(openStream).mockRejectedValue(new Failure('machine.wrong-state', '“Alpha” does not run.'));
  await view.find('form').trigger('submit');
  await flushPromises();
  expect(drawn.text).toContain('“Alpha” does not run.');
  expect(connect().element.disabled).toBe(false);
});

it('ends a connection that is made when nobody looks any more', async () => {
  await flushPromises();
  let made: (stream: Awaited<ReturnType<typeof openStream>>) => void = () => {};
  vi.mocked(openStream).mockReturnValue(new Promise((resolve) => (made = resolve)));
  await view.find('form').trigger('submit');
  view.unmount();
  const close = vi.fn();
  made({ close, onData: vi.fn(), onClose: vi.fn() } as unknown as Awaited<ReturnType<typeof openStream>>);
  await flushPromises();
  expect(close).toHaveBeenCalled();
  view = mountInWindow(SshView, { machine: testMachine(1, 'Alpha', 'running'), visible: true });
});
