import ui from '@nuxt/ui/vue-plugin';
import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { h, type Component } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import UApp from '@nuxt/ui/components/App.vue';
import { i18n } from '../i18n';

/** Mounts a component as it stands in a window: with state, languages, components and a router. */
export function mountInWindow(component: Component, props: Record<string, unknown> = {}): VueWrapper {
  const pinia = createPinia();
  setActivePinia(pinia);
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:rest(.*)', component: { render: () => null } }],
  });
  return mount(() => h(UApp, { toaster: null }, () => h(component, props)), {
    attachTo: document.body,
    global: { plugins: [pinia, i18n, router, ui] },
  });
}
