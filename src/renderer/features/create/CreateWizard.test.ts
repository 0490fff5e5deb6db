import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick, ref } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { v86Capabilities } from '@shared/engine/engines';
import { Failure } from '@shared/errors';
import type { GalleryItem } from '@shared/gallery/entry';
import type { Job } from '@shared/ipc/contract';
import type { MachineSpec } from '@shared/machine/config';
import type { MediumReport } from '@shared/media/report';
import { setConnection } from '../../bridge/client';
import type { Connection } from '../../bridge/connection';
import { i18n } from '../../i18n';
import { openQuestion } from '../../ui/confirm';
import CreateWizard from './CreateWizard.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const machineId = 'abcdefgh12345678';

const entry: GalleryItem['entry'] = {
  id: 'starter-linux',
  name: 'Starter Linux',
  family: 'linux',
  guest: 'starter-linux',
  architecture: 'i386',
  bits: 32,
  licence: 'GPL-2.0-only',
  description: { en: 'A small Linux.' },
  homepage: 'https://example.org/',
  sizeBytes: 20_000_000,
  medium: 'cdrom',
  memoryMiB: 256,
  diskMiB: 512,
  source: { kind: 'bundled', file: 'starter-linux.iso' },
};
const ready: GalleryItem = { entry, status: 'ready', path: '/g/starter.iso', partialBytes: 0, problem: null };
const wide: GalleryItem = {
  ...ready,
  entry: { ...entry, id: 'wide', name: 'Wide', architecture: 'x86_64', bits: 64 },
};

const job: Job = {
  id: 'job1',
  kind: 'create',
  subject: 'x',
  title: 'Creating',
  state: 'running',
  done: 0,
  total: 10,
  unit: 'steps',
  cancellable: true,
  error: null,
  result: null,
};

/** Main as the wizard sees it. */
function fakeMain() {
  const calls: [name: string, params: Record<string, unknown>][] = [];
  const listeners = new Map<string, ((value: unknown) => void)[]>();
  const emit = (name: string, value: unknown): void => {
    for (const listener of listeners.get(name) ?? []) listener(value);
  };
  const answers: Record<string, () => unknown> = {
    'app.info': () => ({ shell: 'electron', nativeDialogs: true }),
    'host.engines': () => [{ capabilities: v86Capabilities, available: true, problem: null }],
    'host.report': () => ({
      memoryMiB: 8192,
      engines: [{ capabilities: v86Capabilities, available: true, problem: null }],
    }),
    'gallery.list': () => [ready, wide],
    'machine.list': () => [],
    'machine.create': () => ({ jobId: 'job1' }),
    'machine.start': () => ({ id: machineId, name: 'x', state: 'running' }),
    'machine.openConsole': () => undefined,
    'job.list': () => [],
    'job.cancel': () => emit('job.changed', { ...job, state: 'cancelled' }),
    'preferences.get': () => ({ theme: 'light', language: 'en', libraryView: 'cards' }),
  };
  const connection = {
    status: ref('connected'),
    call: (name: string, params: Record<string, unknown>) => {
      calls.push([name, params]);
      const answer = answers[name];
      return answer
        ? Promise.resolve().then(answer)
        : Promise.reject(new Failure('ipc.unknown-command', `No ${name} here`));
    },
    on: (name: string, listener: (value: unknown) => void) => {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
      return () => undefined;
    },
    onConnected: (listener: () => void) => {
      listener();
      return () => undefined;
    },
  };
  return { calls, answers, emit, connection: connection as unknown as Connection };
}

describe('CreateWizard', () => {
  let main: ReturnType<typeof fakeMain>;
  let wizard: VueWrapper;
  let router: ReturnType<typeof createRouter>;

  const find = (id: string) => wizard.find(`[data-testid="${id}"]`);
  const step = () => find('wizard').attributes('data-step');
  const named = (name: string) => main.calls.filter(([called]) => called === name);
  async function next(): Promise<void> {
    await find('wizard').trigger('submit');
    await flushPromises();
  }

  beforeEach(async () => {
    main = fakeMain();
    setConnection(main.connection);
    window.vivarium = {
      post: () => undefined,
      onMessage: () => undefined,
      openStream: () => undefined,
      pathOf: (file) => `/files/${file.name}`,
    };
    router = createRouter({
      history: createMemoryHistory(),
      routes: [
        { path: '/', name: 'library', component: { template: '<p />' } },
        { path: '/create', name: 'create', component: CreateWizard },
      ],
    });
    await router.push('/create');
    const host = mount(
      { template: '<RouterView />' },
      {
        attachTo: document.body,
        global: { plugins: [createPinia(), i18n, router] },
      },
    );
    await flushPromises();
    wizard = host;
  });

  afterEach(() => {
    wizard.unmount();
    setConnection(undefined);
    delete window.vivarium;
    openQuestion.value = undefined;
  });

  it('creates what was reviewed, starts it, opens its console and goes to the library', async () => {
    expect(step()).toBe('choose');
    await next();
    expect(step()).toBe('configure');
    await find('name').setValue('My Linux');
    await find('memory').setValue(512);
    await next();
    expect(step()).toBe('review');
    expect(find('review-name').text()).toBe('My Linux');
    expect(find('review-memory').text()).toBe('512 MiB');
    expect(find('review-cdrom').text()).toBe('starter.iso');
    await next();
    expect(step()).toBe('creating');
    const spec = named('machine.create')[0]?.[1]['spec'] as MachineSpec;
    expect(spec).toMatchObject({
      name: 'My Linux',
      engine: 'v86',
      memoryMiB: 512,
      cdrom: '/g/starter.iso',
      disk: { kind: 'new', sizeMiB: 512 },
    });
    main.emit('job.changed', { ...job, state: 'done', result: { id: machineId } });
    await flushPromises();
    expect(named('machine.start')).toEqual([['machine.start', { id: machineId }]]);
    expect(named('machine.openConsole')).toEqual([['machine.openConsole', { id: machineId }]]);
    expect(router.currentRoute.value).toMatchObject({ name: 'library', query: { select: machineId } });
  });

  it('only creates when it is not to be started', async () => {
    await next();
    await next();
    await find('start-at-once').setValue(false);
    await next();
    main.emit('job.changed', { ...job, state: 'done', result: { id: machineId } });
    await flushPromises();
    expect(named('machine.start')).toEqual([]);
    expect(router.currentRoute.value.name).toBe('library');
  });

  it('refuses a 64-bit system with the reason, and goes no further', async () => {
    await find('gallery-wide').setValue(true);
    await flushPromises();
    expect(find('refusal').text()).toContain('64-bit');
    expect(find('refusal').text()).toContain('QEMU');
    expect(find('wizard-next').attributes('disabled')).toBeDefined();
    await next();
    expect(step()).toBe('choose');
  });

  it('does not go on with a name that is empty', async () => {
    await next();
    await find('name').setValue('   ');
    await next();
    expect(step()).toBe('configure');
    expect(wizard.text()).toContain('A machine needs a name.');
  });

  it('cancels the running job when it is left, and starts nothing', async () => {
    await next();
    await next();
    await next();
    expect(step()).toBe('creating');
    await find('wizard-cancel').trigger('click');
    await nextTick();
    openQuestion.value?.answer('leave');
    await flushPromises();
    expect(named('job.cancel')).toEqual([['job.cancel', { id: 'job1' }]]);
    expect(named('machine.start')).toEqual([]);
    expect(router.currentRoute.value.name).toBe('library');
  });

  it('asks before something typed is lost, and only then', async () => {
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    await flushPromises();
    expect(router.currentRoute.value.name).toBe('library');

    await router.push('/create');
    await flushPromises();
    await next();
    await find('name').setValue('Typed');
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    await flushPromises();
    expect(router.currentRoute.value.name).toBe('create');
    openQuestion.value?.answer(undefined);
    await flushPromises();
    expect(router.currentRoute.value.name).toBe('create');
    expect((find('name').element as HTMLInputElement).value).toBe('Typed');
  });

  describe('with an image that was uploaded', () => {
    /** Uploads of the page, answered by the test. */
    const uploads: { name: string; arrive: () => void; aborted: boolean }[] = [];

    class UploadRequest {
      readonly upload = { addEventListener: () => undefined };
      readonly listeners = new Map<string, () => void>();
      status = 0;
      responseText = '';
      private name = '';
      open(_method: string, url: string): void {
        this.name = new URLSearchParams(url.split('?')[1]).get('name') ?? '';
      }
      addEventListener(name: string, listener: () => void): void {
        this.listeners.set(name, listener);
      }
      send(): void {
        const entry = {
          name: this.name,
          aborted: false,
          arrive: () => {
            this.status = 200;
            this.responseText = JSON.stringify({ path: `/data/media/${this.name}` });
            this.listeners.get('load')?.();
          },
        };
        this.listeners.set('aborted', () => (entry.aborted = true));
        uploads.push(entry);
      }
      abort(): void {
        this.listeners.get('aborted')?.();
        this.listeners.get('abort')?.();
      }
    }

    const discarded = () => named('media.discard').map(([, { path }]) => path);
    const report = (path: unknown): MediumReport => ({
      path: String(path),
      fileName: String(path).split('/').at(-1) ?? '',
      size: 20_000_000,
      kind: 'cdrom',
      bootable: true,
      title: 'A system',
      guest: 'linux',
      architecture: 'i386',
      kernelBits: [32],
      evidence: [],
      warnings: [],
    });

    async function choose(name: string): Promise<void> {
      const files = [new File(['x'], name)];
      const event = new Event('drop', { bubbles: true, cancelable: true });
      Object.assign(event, { dataTransfer: { files } });
      find('wizard').element.dispatchEvent(event);
      await flushPromises();
    }
    async function uploadWhole(name: string): Promise<void> {
      await choose(name);
      uploads.at(-1)?.arrive();
      await flushPromises();
    }
    async function leave(): Promise<void> {
      await find('wizard-cancel').trigger('click');
      await flushPromises();
      openQuestion.value?.answer('leave');
      await flushPromises();
      expect(router.currentRoute.value.name).toBe('library');
    }

    beforeEach(() => {
      uploads.length = 0;
      vi.stubGlobal('XMLHttpRequest', UploadRequest);
      delete window.vivarium;
      main.answers['media.inspect'] = () => report(named('media.inspect').at(-1)?.[1]['path']);
      main.answers['media.discard'] = () => undefined;
    });
    afterEach(() => vi.unstubAllGlobals());

    it('leaves nothing of it when it is cancelled at the first step, and at the last', async () => {
      await uploadWhole('first.iso');
      await leave();
      expect(discarded()).toEqual(['/data/media/first.iso']);

      await router.push('/create');
      await flushPromises();
      await uploadWhole('second.iso');
      await next();
      await next();
      expect(step()).toBe('review');
      await leave();
      expect(discarded()).toEqual(['/data/media/first.iso', '/data/media/second.iso']);
    });

    it('leaves nothing of it when another is chosen, or when it is no image', async () => {
      await uploadWhole('first.iso');
      await uploadWhole('second.iso');
      expect(discarded()).toEqual(['/data/media/first.iso']);
      main.answers['media.inspect'] = () => {
        throw new Failure('medium.empty', 'The image is empty.');
      };
      await uploadWhole('empty.iso');
      expect(find('image-problem').text()).toContain('The image is empty.');
      expect(discarded()).toEqual([
        '/data/media/first.iso',
        '/data/media/second.iso',
        '/data/media/empty.iso',
      ]);
    });

    it('stops an upload that is under way, and removes one that arrives all the same', async () => {
      await choose('late.iso');
      await leave();
      expect(uploads[0]?.aborted).toBe(true);
      expect(discarded()).toEqual([]);

      await router.push('/create');
      await flushPromises();
      let answer: (value: MediumReport) => void = () => undefined;
      main.answers['media.inspect'] = () => new Promise((resolve) => (answer = resolve));
      await uploadWhole('slow.iso');
      await leave();
      answer(report('/data/media/slow.iso'));
      await flushPromises();
      expect(discarded()).toEqual(['/data/media/slow.iso']);
    });

    it('keeps it for the machine that was made with it', async () => {
      await uploadWhole('kept.iso');
      await next();
      await next();
      await find('start-at-once').setValue(false);
      await next();
      expect((named('machine.create')[0]?.[1]['spec'] as MachineSpec).cdrom).toBe('/data/media/kept.iso');
      main.emit('job.changed', { ...job, state: 'done', result: { id: machineId } });
      await flushPromises();
      await router.push('/');
      await flushPromises();
      expect(discarded()).toEqual([]);
    });

    it('removes it when the making is cancelled, after that has ended', async () => {
      main.answers['job.cancel'] = () => undefined;
      await uploadWhole('made.iso');
      await next();
      await next();
      await next();
      await leave();
      expect(discarded()).toEqual([]);
      main.emit('job.changed', { ...job, state: 'cancelled' });
      await flushPromises();
      expect(discarded()).toEqual(['/data/media/made.iso']);
    });

    it('never asks to remove a file that lay on the computer before', async () => {
      await router.push('/');
      await router.push('/create?path=/home/me/own.iso');
      await flushPromises();
      expect(named('media.inspect')).toHaveLength(1);
      await leave();
      expect(discarded()).toEqual([]);
    });
  });

  it('shows why a machine could not be created, and leads back', async () => {
    main.answers['machine.create'] = () => {
      throw new Failure('file.no-space', 'There is no space left.');
    };
    await next();
    await next();
    await next();
    expect(step()).toBe('failed');
    expect(wizard.text()).toContain('There is no space left.');
  });
});
