/** Why a machine cannot be cloned like that. */
export const clone = {
  notShareable: 'Images cannot be shared between these two folders.',
  notShareableHint: 'They are on different drives, or on one that knows no hard links. Make a full clone.',
  notClosed: 'This image was not closed: {image}',
  notClosedHint: 'Power the machine off first, or make a full clone.',
  wholePath: 'This image names the one that it is based on by a whole path: {image}',
  wholePathHint: 'Make a full clone without snapshots: its disks have one image each.',
  allSnapshots: 'Only a full clone of the present state can have all snapshots.',
  noDisk: '“{name}” has no disk that could be shared.',
  fullHint: 'Make a full clone.',
  outsideHint: 'Put that image into the machine’s folder “disks” first.',
  outside: 'A disk is based on an image outside the machine: {image}',
  changed: 'The disk of this snapshot is not what it was: {path}',
  changedHint: 'Check the disks, and clone another snapshot or the present state.',
  template: '“{name}” is a template, which is not started.',
  templateHint: 'Make a new machine from it, or turn it into an ordinary machine first.',
} as const;
