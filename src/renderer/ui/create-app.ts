import './strict-csp';
import ui from '@nuxt/ui/vue-plugin';
import { createPinia } from 'pinia';
import { createApp, type Component } from 'vue';
import { createMemoryHistory, createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router';
import '../assets/main.css';
import { startTheme } from '../composables/theme';
import { i18n, setLanguage } from '../i18n';
import { usePreferences } from '../stores/preferences';
import { reportError, startNotify } from './notify';

/**
 * Starts a window's page: theme, language, state, components, and a place where errors that nobody caught appear.
 * @param routes the window's pages by address after `#`; without them the window is a single page
 */
export function startWindow(root: Component, routes: RouteRecordRaw[] = []): void {
  startTheme();
  setLanguage('system');

  const app = createApp(root);
  app.use(createPinia());
  app.use(i18n);
  app.use(
    createRouter({
      history: routes.length > 0 ? createWebHashHistory() : createMemoryHistory(),
      routes: routes.length > 0 ? routes : [{ path: '/', component: root }],
    }),
  );
  app.use(ui);
  startNotify(app);
  app.config.errorHandler = reportError;
  window.addEventListener('unhandledrejection', (event) => reportError(event.reason));
  // files dropped where nobody takes them must not replace the page
  for (const type of ['dragover', 'drop']) window.addEventListener(type, (event) => event.preventDefault());
  usePreferences();
  app.mount('#app');
}
