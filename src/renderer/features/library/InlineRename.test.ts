import { afterEach, describe, expect, it, vi } from 'vitest';
import { settle, testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import InlineRename from './InlineRename.vue';

const one = testMachine(1, 'One');
const two = testMachine(2, 'Two');

async function start() {
  const rename = vi.fn(({ name }: { name: string }) => ({ ...one, name }));
  testBackend({ 'machine.list': () => [one, two], 'machine.rename': rename });
  const done = vi.fn();
  const wrapper = mountInWindow(InlineRename, { machine: one, onDone: done });
  await settle();
  return { wrapper, input: wrapper.get('input'), rename, done };
}

let mounted: { unmount: () => void } | undefined;
afterEach(() => {
  mounted?.unmount();
  mounted = undefined;
});

describe('renaming in place', () => {
  it('begins with the name selected, and sends the tidied name on Enter', async () => {
    const { wrapper, input, rename, done } = await start();
    mounted = wrapper;
    expect(document.activeElement).toBe(input.element);
    await input.setValue('  Other   name ');
    await input.trigger('keydown', { key: 'Enter' });
    await settle();
    expect(rename.mock.calls[0]?.[0]).toEqual({ id: one.id, name: 'Other name' });
    expect(done).toHaveBeenCalledOnce();
  });

  it.each([
    ['', 'A machine needs a name.'],
    ['two', 'Another machine has this name.'],
    ['x'.repeat(300), 'At most 64 characters.'],
  ])('says what is wrong with %j and does not send it', async (name, message) => {
    const { wrapper, input, rename, done } = await start();
    mounted = wrapper;
    await input.setValue(name);
    expect(wrapper.get('[role=alert]').text()).toBe(message);
    expect(input.attributes('aria-invalid')).toBe('true');
    await input.trigger('keydown', { key: 'Enter' });
    await settle();
    expect(rename).not.toHaveBeenCalled();
    expect(done).not.toHaveBeenCalled();
  });

  it('leaves the name as it was on Escape, and when nothing was changed', async () => {
    const first = await start();
    mounted = first.wrapper;
    await first.input.setValue('Three');
    await first.input.trigger('keydown', { key: 'Escape' });
    await first.input.trigger('blur');
    await settle();
    expect(first.rename).not.toHaveBeenCalled();
    expect(first.done).toHaveBeenCalledOnce();
  });
});
