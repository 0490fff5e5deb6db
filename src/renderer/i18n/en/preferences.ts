export default {
  description: 'For every window of Vivarium on this computer.',
  theme: 'Theme',
  themeValue: { system: 'As the system', light: 'Light', dark: 'Dark' },
  language: 'Language',
  systemLanguage: 'As the system',
  libraryView: 'The library shows',
} as const;
