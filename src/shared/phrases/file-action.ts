/** What was to be done with a file, inside a sentence. */
export const fileAction = {
  close: 'close',
  create: 'create',
  examine: 'examine',
  flush: 'flush',
  move: 'move',
  open: 'open',
  prepare: 'prepare',
  read: 'read',
  remove: 'remove',
  rename: 'rename',
  resize: 'resize',
  tidyUp: 'tidy up',
  write: 'write',
} as const;
