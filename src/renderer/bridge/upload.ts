import { Failure, isErrorCode, toFailure, type ErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { call } from './client';

/** How much of a file has reached the server, in bytes. */
export interface UploadProgress {
  sent: number;
  total: number;
}

interface UploadOptions {
  onProgress?: (progress: UploadProgress) => void;
  signal?: AbortSignal;
}

/** Files that this page has uploaded and that no machine has been made of yet. */
const uploaded = new Set<string>();

/** The file stays where it is from now on: a machine has it. */
export function keepUpload(path: string): void {
  uploaded.delete(path);
}

/** Removes a file that this page has uploaded; any other path, and one that is kept, is left alone. */
export async function discardUpload(path: string): Promise<void> {
  if (uploaded.delete(path)) await call('media.discard', { path });
}

/** A tab that is closed in the middle of things leaves nothing behind: the request outlives the page. */
window.addEventListener('pagehide', () => {
  for (const path of uploaded)
    void fetch(`/upload?${new URLSearchParams({ path })}`, { method: 'DELETE', keepalive: true });
});

function failureOf(request: XMLHttpRequest): Failure {
  try {
    const value = JSON.parse(request.responseText) as Partial<ErrorValue>;
    if (isErrorCode(value.code)) return toFailure(value);
  } catch {
    // not one of our own answers: the status below says what there is to say
  }
  return new Failure('file.io', phrase('upload.refused', { status: request.status || 'no answer' }));
}

/**
 * Makes a dropped or chosen file reachable for main and gives its path there. In Electron that is the file's own
 * path; in browser mode the file is uploaded first (`PUT /upload?name=…`, answered with `{ path }`).
 */
export function hostPathOf(file: File, { onProgress, signal }: UploadOptions = {}): Promise<string> {
  if (window.vivarium) {
    const path = window.vivarium.pathOf(file);
    if (path) return Promise.resolve(path);
    return Promise.reject(new Failure('file.not-found', phrase('upload.notAFile', { name: file.name })));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/upload?${new URLSearchParams({ name: file.name })}`);
    request.upload.addEventListener('progress', ({ loaded }) =>
      onProgress?.({ sent: loaded, total: file.size }),
    );
    request.addEventListener('load', () => {
      if (request.status !== 200) return reject(failureOf(request));
      const { path } = JSON.parse(request.responseText) as { path: string };
      uploaded.add(path);
      resolve(path);
    });
    request.addEventListener('error', () => reject(failureOf(request)));
    request.addEventListener('abort', () => reject(new Failure('cancelled', phrase('task.uploadCancelled'))));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
