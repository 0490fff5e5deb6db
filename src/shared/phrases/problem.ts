/** What goes wrong most often, with what to do about it. */
export const problem = {
  wrongState: '“{name}” is {state}: that cannot be done now.',
  lockedMachine: 'Another program uses “{name}”.',
  lockedMachineHint: 'Power it off there first.',
  lockedFolder: 'Another process runs this machine, or changes it.',
  lockedFolderHint: 'Close the other Vivarium, or wait until it has finished.',
  noMachineThere: 'There is no machine at {folder} now.',
  unreadableMachine: 'The machine at {folder} cannot be read.',
  unreadableMachineHint: 'If it is on another drive, connect it and scan again.',
  newerConfig:
    'This machine was written by a newer version of Vivarium (schema {schema}; this one knows {known}).',
  newerConfigHint: 'Update Vivarium. The machine has not been touched.',
  wrongConfig: 'Some settings of this machine are not what they should be.',
  wrongConfigHint:
    'Correct machine.json in its folder, or put the last good copy, machine.json.bak, in its place.',
  damagedConfig: 'machine.json is damaged: it is not JSON.',
  damagedConfigHint: 'Correct it, or put a good copy in its place: {path}',
  crashedSignal: 'The machine’s process is gone: it was killed by {signal}.',
  crashedStatus: 'The machine’s process is gone: it ended with status {status}.',
  crashedAtStart: 'The machine’s process is gone: it could not be started.',
  crashedHint:
    'What it had written to its disks is there. The machine can be started again; its log says more.',
  unresponsive: 'The machine’s process has not answered for {seconds} seconds.',
  unresponsiveHint: 'Wait for it, or power the machine off.',
  missingDisk: 'The machine’s disk is missing: {path}',
  diskInUse: 'Another program uses {path}',
  diskInUseHint: 'Power off the machine or close the program that has this disk open, then try again.',
  noSpaceHint: 'Free some space on the file system that holds this file, then continue.',
  systemError: 'the operating system reports an error',
  brokenDiskHint: 'Look after the disk that holds this file, then continue.',
  savedStateHint:
    'Discard the saved state; the disks are not affected, and the machine starts as after a loss of power.',
  savedByEngine: 'The state was saved by the engine {engine}, not by {wanted}.',
  savedByVersion: 'The state was saved by version {version} of the engine; this is {wanted}.',
  savedByHardware: 'The machine had other hardware (memory, disks, network card…) when its state was saved.',
  noImage: 'There is no file {path}.',
  noImageHint: 'It may have been moved, renamed or deleted. Choose it again.',
  deniedImage: 'The file {path} may not be read.',
  deniedImageHint: 'Give yourself permission to read it, or copy it to a folder of your own.',
  emptyImage: 'The file {path} has no bytes in it.',
  emptyImageHint: 'Its download or copy probably failed. Get it again.',
  cutImageHint:
    'It was probably not downloaded or copied to its end. Get it again, and compare its checksum.',
  archiveHint:
    'Unpack it with your file manager or an archive program, then choose the image that was inside.',
  noTrash: 'There is no trash here.',
  noTrashHint: 'Erase the machine instead.',
  trashFailed: '{folder} could not be moved to the trash.',
  trashFailedHint: 'Erase the machine instead, or move its folder yourself.',
  movedDownloadHint: 'The publisher may have moved the file. Open its page and download it from there.',
  interruptedDownloadHint:
    'Check the connection to the internet, then start the download again: it goes on where it stopped.',
  wrongDownload:
    'The downloaded file is not the one that its publisher describes: its checksum is another. It was deleted.',
  wrongDownloadHint:
    'Try again. If it happens once more, somebody on the way may be changing the file: do not use it.',
  downloadSpaceHint: 'Free some space, then start the download again: it goes on where it stopped.',
} as const;

/** The states of a machine, inside a sentence. */
export const state = {
  off: 'off',
  starting: 'starting',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  saving: 'saving',
  saved: 'saved',
  restoring: 'restoring',
  aborted: 'aborted',
} as const;
