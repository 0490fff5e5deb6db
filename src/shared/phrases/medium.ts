/** Images of CDs and floppy disks, and what a person takes for one. */
export const medium = {
  folder: '{path} is a folder, not an image file.',
  device: '{path} is a device, not an image file.',
  notImage: '{path} is not an image file.',
  shorter: 'The image says that it is {size} bytes long, but the file has {found} ({percent} %).',
  notBootable: 'No machine can start from this {what}: it has no boot record.',
  dataDiskHint: 'It can still be used as a data disk, or as a disk to install a system on.',
  insertHint: 'It can still be inserted into a machine that starts from something else.',
  wrapped: 'This is a {format}, not an image itself.',
  floppyShorter: 'The floppy says that it has {size} bytes, but the file has {found}.',
  notUsable: 'This image cannot be used: {path}',
  noImageFile: 'This is not an image file: {path}',
  nothing: 'There is nothing in this file: {path}',
  floppyTooBig: 'An image of {size} bytes does not fit on a floppy disk, which has {most} bytes at most.',
  cdrom: 'CD',
  disk: 'disk',
  floppy: 'floppy',
} as const;
