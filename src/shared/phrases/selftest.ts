/** What the self-test did not get. */
export const selftest = {
  endedEarly: 'The machine ended before its shell answered.',
  noShell: "The guest's shell did not answer in time.",
  noCards: '“{engine}” has no network cards.',
  notInTime: 'The guest did not have {what} in time.',
  noStarter: 'Starter Linux, which the self-test boots, is not there.',
  noDisk: 'The guest does not see its disk.',
  noEngine: 'The engine “{engine}” cannot be used here.',
  starterNeeded: 'Starter Linux, which is needed, is not there.',
  serialClosed: 'The serial port was closed.',
  noMachine: 'No machine was made.',
  address: 'an address',
  forwardAnswer: 'an answer by the forward',
} as const;
