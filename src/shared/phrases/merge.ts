/** What deleted snapshots have left, merged while the machine runs. */
export const merge = {
  whenOff: 'What deleted snapshots have left is merged when the machine is off.',
  noHeaderPlace: 'The header of {path} has no place for the name of another image that it is based on.',
  notBasedOn: '{path} is not based on {below}.',
  ended: 'Merging the disk was ended.',
  machineEnded: 'The machine has ended.',
  underway: 'The images of “{disk}” are being merged already.',
  engineCannot: 'This engine merges no images while the machine runs.',
  imageCannot: 'Nothing can be merged into the image of “{disk}”.',
  noDisk: 'This machine has no disk “{disk}”.',
  qemuNotWritten: 'QEMU has not written what it has taken over into {path}.',
  qemuFailed: 'QEMU could not merge the images of a disk.',
  littleRoom: 'There is too little room to merge disks while the machine runs.',
  otherFolder: '{image} is based on an image in another folder.',
  badNote: 'The note of disks that are merged cannot be read: {path}',
  badNoteHint: 'Nothing has been changed. Remove the file to go on; images that nobody needs may be left.',
} as const;
