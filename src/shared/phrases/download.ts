/** Why a file of a publisher, or a newer version of the program, did not arrive. */
export const download = {
  badRedirect: '{host} redirects to an address that makes no sense.',
  redirectCircle: '{host} redirects in circles.',
  password: 'The address {host} carries a password, which is not sent.',
  notEncrypted: 'The address {origin} is not encrypted (https), so nothing is taken from it.',
  changedForm: '{host} sends the file in a changed form ({encoding}).',
  status: '{host} answered with status {status} to the request for {path}.',
  interrupted: '{what} could not be downloaded: {reason}',
  stalled: 'nothing arrived for {seconds} seconds',
  changed: 'the file on the server has changed',
  anotherPart: 'the server sent another part of the file than it was asked for',
  endedEarly: 'the connection ended too early',
  tooLong: 'The file is longer than the {limit} bytes that it could be.',
  tooLongHint:
    'The publisher may offer another file at this address now. Open its page and download it from there.',
  noSpace: 'The download needs {bytes} more bytes, and {free} are free in {folder}.',
  notDescribed: 'The server does not say what the new version must be like.',
  notDescribedHint: 'Nothing is installed that cannot be checked.',
} as const;
