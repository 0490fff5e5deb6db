export default {
  memoryConcern: {
    uefi: 'With UEFI a system needs at least {wanted}. With less the screen may stay as it is, without a word.',
    host: 'This computer has {host} of memory. A machine with more makes it slow, or does not start.',
  },
  action: {
    cancel: 'Cancel',
    retry: 'Try again',
    back: 'Back',
    choose: 'Choose',
    save: 'Save',
    details: 'Details',
  },
  state: {
    off: 'Off',
    starting: 'Starting',
    running: 'Running',
    paused: 'Paused',
    stopping: 'Stopping',
    saving: 'Saving',
    saved: 'Saved',
    restoring: 'Restoring',
    aborted: 'Aborted',
    inaccessible: 'Inaccessible',
  },
  connection: {
    lost: 'The connection to Vivarium was lost. Trying again…',
    restored: 'The connection is back.',
  },
  loading: 'Loading…',
  notifications: 'Notifications',
  unknown: 'unknown',
  otherSystem: 'Another system',
} as const;
