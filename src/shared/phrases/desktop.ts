/** What the program around the machines cannot do here, and how its parts lose one another. */
export const desktop = {
  thisProgram: 'The machines run in this program, and end with it.',
  upToSystem: 'That is up to the system here.',
  noFileManager: 'There is no file manager here.',
  noDialogs: 'There are no native dialogs here.',
  openYourself: 'Open it yourself: {page}',
  notSelfUpdating: 'This Vivarium does not update itself.',
  noDownloaded: 'No new version has been downloaded.',
  unreachable: 'Vivarium cannot be reached at the moment.',
  connectionLost: 'The connection to Vivarium could not be opened, or was lost.',
  processGone: 'The connection to the other process is closed.',
  closing: 'Vivarium is closing.',
  backgroundSilent: 'The program in the background does not answer.',
  noReply: '“{name}” was not answered within {limit} ms.',
  pageConsole: 'A console is opened by the page itself here.',
} as const;
