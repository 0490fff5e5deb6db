/** Images that a page of browser mode brings. */
export const upload = {
  noSpace: 'There is not enough free space for “{name}”.',
  interrupted: 'The upload of “{name}” was interrupted.',
  failed: '“{name}” could not be stored: {reason}',
  refused: 'The upload was refused ({status}).',
  notAFile: '“{name}” is not a file on this computer.',
  inUse: 'A machine uses the image, so it is kept: {path}',
  notOurs: 'This is not an image that was uploaded here: {path}',
} as const;
