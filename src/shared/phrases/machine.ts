/** What is said of machines as things that are opened, started with the program, and moved. */
export const machine = {
  notAutostarted: '“{name}” did not start with Vivarium: {reason}',
  notAMachine: 'This is neither a machine’s folder nor an image: {path}',
  notAMachineHint: 'A machine’s folder has a file machine.json in it.',
  appliance: '“{file}” holds a machine of another program, which Vivarium cannot take over yet.',
  applianceHint:
    'Unpack it (an .ova file is a tar archive), then make a new machine of the disk image that was inside.',
  noSuchLink: 'The link leads to a machine that is not in this library.',
  badLink: 'This link cannot be opened.',
  badLinkHint: 'A link to a machine looks like this: vivarium://open/ and sixteen letters and digits.',
} as const;

/** Moving the data folder. */
export const dataFolder = {
  running: 'The data folder cannot be moved while machines run.',
  runningHint: 'Power them off or save their state first.',
  busy: 'The data folder cannot be moved while tasks are under way.',
  busyHint: 'Wait for them, or cancel them.',
  moving: 'The data folder is being moved: nothing in it can be changed now.',
  movingHint: 'Wait until it is done, or cancel it.',
  absolute: 'The whole path of a folder is needed: {folder}',
  inside: 'The new folder may not lie in the old one, nor the old one in it.',
  notEmpty: 'There is something in {folder} already.',
  notEmptyHint: 'Choose an empty folder, or one that does not exist yet.',
  unfinished: 'A machine’s interrupted change must be dealt with first: {name}',
  noSpace: 'There is not enough space: {needed} bytes are needed, and {free} are free.',
  strange: 'There is something in the data folder that is neither a file nor a folder: {path}',
  strangeHint: 'Move it elsewhere, then try again.',
  missing: 'The data folder is not there: {folder}',
  missingHint: 'If it is on another drive, connect it. {pointer} says where it is looked for.',
} as const;
