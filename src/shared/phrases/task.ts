/** Long tasks that are cancelled, or gone. */
export const task = {
  noCancel: '“{title}” cannot be cancelled.',
  cancelled: '“{title}” was cancelled.',
  gone: 'There is no such task any more.',
  thisCancelled: 'The task was cancelled.',
  beforeBegin: 'The job was cancelled before it began.',
  readingCancelled: 'Reading the file was cancelled.',
  conversionCancelled: 'The conversion was cancelled',
  copyCancelled: 'Copying was cancelled',
  checkCancelled: 'The check was cancelled',
  checkWasCancelled: 'The check was cancelled.',
  mergeCancelled: 'Merging the disks was cancelled',
  memoryCancelled: 'Storing the memory was cancelled.',
  memoryUnwanted: 'The memory is not wanted any more.',
  uploadCancelled: 'The upload was cancelled.',
} as const;
