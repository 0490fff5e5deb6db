export default {
  description: 'Systems to make a machine of: ready here, to download, or at their publishers’ pages.',
  search: 'Search the gallery',
  noMatch: 'Nothing in the gallery matches',
  bits: '{architecture}, {bits}-bit',
  create: 'Create a machine',
  download: 'Download',
  resume: 'Resume download ({size} here)',
  getFromPublisher: 'Get it from its publisher',
  openPage: 'Open the page of {name}',
  unavailable: 'Not available here',
} as const;
