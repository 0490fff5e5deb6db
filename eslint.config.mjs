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

/** Defects, and what one part of the program says to another: no person reads these but in a log. */
const notForPeople = ':not([arguments.0.value=/^(internal$|ipc\\.(bad|unknown|denied))/])';
const failure = `NewExpression[callee.name="Failure"]${notForPeople}`;
const plainText = '/^(Literal|TemplateLiteral)$/';
const inOurLanguages = 'What a person reads is a phrase (src/shared/phrases), which has a translation.';

/** Errors are said in the person's language, but by the command line, and by what is there for tests. */
const sentences = {
  name: 'sentences',
  files: ['src/**/*.{ts,vue}'],
  ignores: ['**/*.test.ts', '**/testing/**', 'src/main/cli/**', 'src/main/processes/machine/engines/fake/**'],
  rules: {
    'no-restricted-syntax': [
      'error',
      ...[
        ...['', '.consequent', '.alternate'].flatMap((branch) => [
          `${failure}[arguments.1${branch}.type=${plainText}]`,
          `${failure} > ObjectExpression > Property[key.name="hint"][value${branch}.type=${plainText}]`,
        ]),
        // An error as a value.
        `ObjectExpression:has(> Property[key.name="code"][value.value=/^(?!ipc\\.)[a-z-]+\\./]) > Property[key.name="message"][value.type=${plainText}]`,
      ].map((selector) => ({ selector, message: inOurLanguages })),
    ],
  },
};

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
  sentences,
);
