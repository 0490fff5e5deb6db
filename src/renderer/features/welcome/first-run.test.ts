import type { Preferences } from '@shared/ipc/contract';
import type { MachineSummary } from '@shared/machine/summary';
import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia } from 'pinia';
import { afterEach, expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, type Router, RouterView } from 'vue-router';
import { i18n } from '../../i18n';
import { settle, testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { useFirstRun } from './first-run';

let wrapper: VueWrapper | undefined;
afterEach(() => wrapper?.unmount());

const page = { render: () => null };

async function open(at: string, machines: MachineSummary[], kept: Partial<Preferences> = {}) {
  let preferences: Preferences = { theme: 'system', language: 'en', libraryView: 'cards', ...kept };
  testBackend({
    'machine.list': () => machines,
    'preferences.get': () => preferences,
    'preferences.set': (change) => (preferences = { ...preferences, ...change }),
  });
  const router: Router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', name: 'library', component: page },
      { path: '/welcome', name: 'welcome', component: page },
      { path: '/create', name: 'create', component: page },
    ],
  });
  await router.push(at);
  const window = defineComponent({
    setup() {
      useFirstRun();
      return () => h(RouterView);
    },
  });
  wrapper = mount(window, { global: { plugins: [createPinia(), i18n, router] } });
  await settle();
  return { router, seen: () => preferences.welcomed === true };
}

it('shows the welcome to who has nothing yet, until they have left it', async () => {
  const { router, seen } = await open('/', []);
  expect(router.currentRoute.value.name).toBe('welcome');
  expect(seen()).toBe(false);
  await router.push('/create?from=gallery');
  await settle();
  expect(seen()).toBe(true);
  await router.push('/');
  await settle();
  expect(router.currentRoute.value.name).toBe('library');
});

it.each([
  ['has seen it', '/', [], { welcomed: true }],
  ['has machines', '/', [testMachine(1, 'Alpha')], {}],
  ['was led to a page', '/create?path=/a.iso', [], {}],
  ['is led to a machine', '/?select=m000000000000001', [], {}],
] as const)('leaves alone who %s', async (_who, at, machines, kept) => {
  const { router } = await open(at, [...machines], kept);
  expect(router.currentRoute.value.fullPath).toBe(router.resolve(at).fullPath);
});
