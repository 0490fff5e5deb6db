import { mount } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { useShortcuts } from './shortcuts';

describe('the shortcuts of a window', () => {
  const remove = vi.fn();
  const leave = vi.fn();
  const page = mount(
    defineComponent(() => {
      useShortcuts({ Delete: remove, Escape: leave });
      return () => h('div');
    }),
  );
  const press = (key: string): boolean =>
    window.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }));
  const overlay = (role: string, state: string): void => {
    document.body.innerHTML = `<div role="${role}" data-state="${state}"></div>`;
  };
  afterEach(() => {
    document.body.innerHTML = '';
    vi.clearAllMocks();
  });

  it('act', () => {
    press('Delete');
    expect(remove).toHaveBeenCalledOnce();
  });

  it.each(['dialog', 'menu'])('belong to a %s that is open', (role) => {
    overlay(role, 'open');
    press('Delete');
    expect(remove).not.toHaveBeenCalled();
  });

  it('act while a menu fades out, except for the Escape that closed it', () => {
    overlay('menu', 'closed');
    press('Delete');
    press('Escape');
    expect(remove).toHaveBeenCalledOnce();
    expect(leave).not.toHaveBeenCalled();
  });

  it('end with their component', () => {
    page.unmount();
    press('Delete');
    expect(remove).not.toHaveBeenCalled();
  });
});
