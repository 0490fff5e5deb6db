export default {
  main: 'Page',
  navigation: 'Navigation',
  newMachine: 'New machine',
  nav: {
    library: 'Library',
    gallery: 'Gallery',
    host: 'This computer',
    preferences: 'Preferences',
  },
  stateChanged: '{name}: {state}',
  jobs: { title: 'In progress' },
  quit: {
    title: 'Quit Vivarium?',
    message: 'One machine is running. | {count} machines are running.',
    save: 'Save their state',
    saveHint: 'They go on exactly where they are, the next time.',
    cannotSave: '{name}: cannot be saved, and is powered off instead',
    shutdown: 'Shut them down',
    shutdownHint: 'Presses their power buttons and waits for the systems inside.',
    powerOff: 'Power them off',
    powerOffHint: 'Like pulling the plug: unsaved work inside is lost.',
  },
} as const;
