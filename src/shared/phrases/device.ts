/** Devices that a machine has, or has not. */
export const device = {
  noDrive: 'This machine has no drive “{drive}”.',
  noCard: 'This machine has no network card “{card}”.',
  noImage: 'There is no image for the disk “{disk}”.',
  noPlace: 'Nothing says where the disk “{disk}” lies.',
  noKey: 'There is no key “{key}”.',
  notConfigured: 'There is no “{device}” in the configuration.',
  isThere: 'This machine has “{device}” already.',
  isMissing: 'This machine has no {what} “{device}”.',
  memoryFixed: 'The engine of this machine cannot change its memory while it runs.',
  onlyOff: 'This engine adds and removes devices only of a machine that is off.',
  noBalloon: 'This machine has no memory balloon.',
  noBalloonHint: 'Machines get one when their guest is a Linux or BSD system, which have the driver.',
  noLiveBus: 'QEMU attaches no {bus} disk while the machine runs.',
  noLiveBusHint: 'Choose another bus, or power the machine off first.',
  bootCd:
    'The CD that this machine started with cannot be changed while it runs: its firmware reads it as a disk.',
  diskKind: 'disk',
  cardKind: 'network card',
} as const;
