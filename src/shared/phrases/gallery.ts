/** Systems of the gallery and their downloads. */
export const gallery = {
  noSystem: 'There is no system “{id}” in the gallery.',
  unreadable: 'The list of systems {path} cannot be read.',
  unreadableHint: 'It is a part of the program: install the program again.',
  cancelled: 'The download was cancelled.',
  pageOnly: "{name} is had from its publisher's page only.",
  pageOnlyHint: 'Open {page}, download an image there, and choose it in “New machine”.',
  busy: '{name} is being downloaded already.',
  noDownload: '{name} is no download.',
  notNamed: "The publisher's list {url} does not name a fitting file any more.",
  notNamedHint: 'Open {page} and download it from there.',
  noList: '{url} is no list of checksums.',
  noFileName: 'The address {url} does not end with a file name.',
} as const;
