export default {
  description: 'For every window of Vivarium on this computer.',
  theme: 'Theme',
  themeValue: { system: 'As the system', light: 'Light', dark: 'Dark' },
  language: 'Language',
  systemLanguage: 'As the system',
  libraryView: 'The library shows',
  qemu: {
    title: 'Folder of QEMU',
    hint: 'Looked in first. Then come the search path (PATH), the usual places, and what came with Vivarium.',
    none: 'None chosen',
    choose: 'Choose…',
    clear: 'Choose none',
    checking: 'Looking…',
    found: 'QEMU {version} for {architecture}',
    used: 'New machines and those that are started from now on use it.',
    cleared: 'QEMU is looked for in the other places again.',
  },
} as const;
