import { Failure } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { desktopInfo, settle, testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import { useApp } from '../../stores/app';
import ConfirmDialog from '../../ui/ConfirmDialog.vue';
import { useMove } from './use-move';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const machine = { ...testMachine(1, 'Alpha'), folder: '/data/machines/alpha' };
let wrappers: ReturnType<typeof mountInWindow>[];
let calls: unknown[];
let chosen: string | null;
let sharing: { id: string; name: string; bytes: number }[] | Failure;
let move: ReturnType<typeof useMove>;

async function open(): Promise<void> {
  const server = testBackend({
    'app.info': () => desktopInfo,
    'machine.list': () => [machine],
    'job.list': () => [],
    'host.engines': () => [],
    'host.pickPath': () => chosen,
    'clone.sharing': () => {
      if (sharing instanceof Failure) throw sharing;
      return sharing;
    },
    'machine.move': (params) => {
      calls.push(params);
      const job: Job = {
        id: 'job',
        kind: 'moveMachine',
        subject: machine.id,
        title: 'Alpha',
        state: 'done',
        done: 1,
        total: 1,
        unit: 'bytes',
        cancellable: true,
        error: null,
        result: { folder: '/elsewhere/alpha' },
      };
      setTimeout(() => server.emit('job.changed', job), 0);
      return { jobId: 'job' };
    },
  });
  const user = defineComponent({
    setup() {
      useApp();
      move = useMove();
      return () => h('div');
    },
  });
  wrappers = [mountInWindow(user), mountInWindow(ConfirmDialog)];
  await settle();
}

beforeEach(() => {
  document.body.replaceChildren();
  calls = [];
  chosen = '/elsewhere';
  sharing = [];
});
afterEach(() => wrappers.forEach((wrapper) => wrapper.unmount()));

const dialog = (): string => document.querySelector('[role="dialog"]')?.textContent ?? '';
async function answer(selector: string): Promise<void> {
  document.querySelector(selector)?.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await settle();
}

describe('moving a machine', () => {
  it('says from where and to where, and waits until it is there', async () => {
    await open();
    const moving = move(machine);
    await settle();
    expect(dialog()).toContain('From: /data/machines/alpha');
    expect(dialog()).toContain('Into: /elsewhere');
    expect(dialog()).not.toContain('shares images');
    await answer('[data-choice="yes"]');
    await moving;
    expect(calls).toEqual([{ id: machine.id, into: '/elsewhere' }]);
  });

  it('names the machines that share images with it', async () => {
    sharing = [{ id: 'other', name: 'Beta', bytes: 5 }];
    await open();
    const moving = move(machine);
    await settle();
    expect(dialog()).toContain('Nothing changes for Beta, with which it shares images');
    await answer('[data-cancel]');
    await moving;
    expect(calls).toEqual([]);
  });

  it('says so when it cannot be found out who shares images with it', async () => {
    sharing = new Failure('file.denied', 'The folder of Beta cannot be read.');
    await open();
    const moving = move(machine);
    await settle();
    expect(dialog()).toContain('Which machines share its disk images cannot be found out');
    expect(dialog()).toContain('The folder of Beta cannot be read.');
    await answer('[data-cancel]');
    await moving;
  });

  it('does nothing without a folder', async () => {
    chosen = null;
    await open();
    await move(machine);
    expect(dialog()).toBe('');
    expect(calls).toEqual([]);
  });
});
