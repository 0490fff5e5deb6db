export default {
  title: {
    image: 'Choose an image',
    cdrom: 'Choose a CD or DVD image',
    floppy: 'Choose a floppy image',
    'machine-folder': 'Choose a machine’s folder',
    'target-folder': 'Choose where it goes',
    'qemu-folder': 'Choose the folder with QEMU’s programs',
  },
  description: 'Files and folders on the computer that runs Vivarium',
  up: 'Folder above',
  location: 'Location',
  listLabel: 'Contents of the folder',
  empty: 'This folder is empty.',
  noFolders: 'There are no folders in here.',
  truncated: 'Only the first entries are shown. Type a location to go further.',
  chooseFolder: 'Use this folder',
  hidden: 'Show hidden files',
} as const;
