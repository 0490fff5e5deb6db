import ui from '@nuxt/ui/vite';
import vue from '@vitejs/plugin-vue';

/**
 * The Vite plugins of everything that shows a user interface: the app's renderer and its tests.
 *
 * Icons are looked for in the sources and bundled (nothing is fetched while the app runs), components and
 * composables are imported by name in each file, and light or dark is set by `composables/theme.ts`.
 */
export function uiPlugins() {
  return [
    vue(),
    ui({
      root: import.meta.dirname,
      dts: false,
      autoImport: false,
      components: false,
      colorMode: false,
      icon: {
        clientBundle: {
          scan: { globInclude: ['src/renderer/**/*.{vue,ts}'], globExclude: ['**/*.test.ts'] },
          sizeLimitKb: 128,
        },
      },
      ui: {
        colors: {
          primary: 'vivarium',
          secondary: 'sky',
          success: 'vivarium',
          info: 'sky',
          warning: 'amber',
          error: 'rose',
          neutral: 'mist',
        },
        modal: { variants: { overlay: { true: { overlay: 'bg-black/45' } } } },
      },
    }),
  ];
}
