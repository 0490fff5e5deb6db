import pluginVue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom. Each entry: the files, and the import paths that are closed to them. `test/integration/
 * import-rules.test.ts` breaks every rule on purpose and expects the linter to say so.
 */
const nodeBuiltins = [
  'node:*',
  'fs',
  'path',
  'os',
  'net',
  'http',
  'child_process',
  'worker_threads',
  'crypto',
];
const electron = {
  group: ['electron', 'electron/*'],
  message: 'Only src/main/app and the preload script import electron.',
};

const closed = (name, files, ignores, patterns) => ({
  name: `imports/${name}`,
  files,
  ignores,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const boundaries = [
  closed(
    'main',
    ['src/main/**/*.ts'],
    ['src/main/app/**', 'src/main/processes/**'],
    [
      electron,
      { regex: '(^|/)renderer/', message: 'Main does not import the renderer.' },
      { regex: '(^|/)processes/', message: 'Processes are entries of their own; nothing imports them.' },
    ],
  ),
  closed(
    'platform',
    ['src/main/platform/**/*.ts'],
    [],
    [
      electron,
      {
        regex: '^\\.\\./(?!platform)',
        message: 'The platform layer knows nothing of the rest of main.',
      },
    ],
  ),
  closed(
    'disks',
    ['src/main/disks/**/*.ts'],
    [],
    [
      electron,
      {
        regex:
          '/(machines|devices|snapshots|clones|disk-library|networks|jobs|api|app|server|cli|processes|gallery|preferences|selftest|host)/',
        message: 'Disks know the platform and the shared vocabulary only.',
      },
    ],
  ),
  closed(
    'services',
    [
      'src/main/{data-folder,machines,devices,snapshots,clones,disk-library,networks,guests,media,jobs,gallery,preferences,host,selftest}/**/*.ts',
    ],
    [],
    [
      electron,
      {
        regex: '/(api|app|server|cli|processes)/',
        message: 'Services import shared, platform, disks and host; the layers above import them.',
      },
    ],
  ),
  closed(
    'processes',
    ['src/main/processes/**/*.ts'],
    [],
    [
      electron,
      {
        regex:
          '/(machines|devices|snapshots|clones|disk-library|networks|jobs|api|app|server|cli|gallery|preferences|selftest|host)/',
        message: 'A helper process imports shared, platform and disks, never a service.',
      },
    ],
  ),
  closed(
    'process machine',
    ['src/main/processes/machine/**/*.ts'],
    [],
    [
      electron,
      {
        regex:
          '/(machines|devices|snapshots|clones|disk-library|networks|jobs|api|app|server|cli|gallery|preferences|selftest|host|worker|switch)/',
        message:
          'The machine process imports shared, platform and disks, never a service or another process.',
      },
    ],
  ),
  closed(
    'shared',
    ['src/shared/**/*.ts'],
    ['**/*.test.ts'],
    [
      electron,
      { group: nodeBuiltins, message: 'The shared vocabulary runs everywhere.' },
      { group: ['vue', 'pinia', 'vue-*'], message: 'The shared vocabulary runs everywhere.' },
      { regex: '(^|/)(main|renderer|preload)/', message: 'The shared vocabulary imports only itself.' },
    ],
  ),
  closed(
    'renderer',
    ['src/renderer/**/*.{ts,vue}'],
    ['**/*.test.ts'],
    [
      electron,
      { group: nodeBuiltins, message: 'The renderer has no Node.' },
      { regex: '(^|/)(main|preload)/', message: 'The renderer reaches main through the contract only.' },
    ],
  ),
  closed(
    'preload',
    ['src/preload/**/*.ts'],
    [],
    [{ regex: '(^|/)(main|renderer)/', message: 'The preload script imports shared only.' }],
  ),
];

export default tseslint.config(
  {
    ignores: [
      'out/**',
      'dist/**',
      'resources/bios/**',
      'resources/guests/**',
      'test-results/**',
      '.cache/**',
    ],
  },
  ...tseslint.configs.recommended,
  ...pluginVue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'off',
      eqeqeq: 'error',
      'vue/multi-word-component-names': 'off',
      // Prettier lays out the code.
      'vue/html-indent': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
    },
  },
  ...boundaries,
);
