export default {
  title: 'Clone “{name}”',
  description: 'Makes a new machine with the same disks and settings.',
  defaultName: '{name} copy',
  name: 'Name',
  source: 'What is cloned',
  present: 'As it is now',
  running: 'It runs, so only its snapshots can be cloned.',
  kind: 'Disks',
  full: {
    title: 'Full clone',
    hint: 'Disks of its own.',
    hintSize: 'Disks of its own; about {size}.',
  },
  linked: {
    title: 'Linked clone',
    hint: 'Made at once, and takes next to no space: what both have is stored only once.',
    hintSnapshot:
      'Made at once, and takes next to no space: what both have is stored only once. Takes a snapshot first.',
    otherDrive:
      'Not possible: this machine is on another drive than new ones, or that drive cannot share files.',
    noDisk: 'Not possible: this machine has no disk.',
  },
  snapshots: 'With all snapshots',
  snapshotsHint: 'For a full clone of the machine as it is now.',
  addresses: 'Keep the network addresses',
  addressesHint: 'Only for a machine that takes the place of this one: both must not run in one network.',
  note: {
    tpm: 'The TPM is copied with what is stored in it: keys that should exist only once exist twice then.',
    saved: 'The saved state stays with this machine: the clone boots as after a power cut.',
    memory:
      'One snapshot has memory, which only fits the same network addresses: in the clone it has disks only. | {count} snapshots have memory, which only fits the same network addresses: in the clone they have disks only.',
  },
  noSpace: 'There is not enough space: {missing} more is needed than the {free} that are free.',
  confirm: 'Clone',
  done: '“{name}” is ready',
  action: {
    clone: 'Clone…',
    template: 'Make it a template',
    ordinary: 'Make it an ordinary machine',
    fromTemplate: 'New machine from it…',
  },
  template: 'Template',
  templateHint: 'Machines are made from it; it is never started itself.',
  origin: { full: 'Cloned from “{name}”', linked: 'Linked clone of “{name}”' },
  sharing: {
    title: 'Shares disk images with',
    kept: 'Its disk images are shared with: {names}. These keep them and go on working.',
    unknown: 'Which machines share its disk images cannot be found out: {reason}',
  },
} as const;
