import { contextBridge, ipcRenderer, webUtils } from 'electron';

/**
 * The one narrow bridge between a window and main. It passes messages, ports and the paths of dropped files;
 * what they mean is decided on either side of it. The names of the channels stand also in `main/app/ipc.ts`.
 */
const bridge = {
  post(message: unknown): void {
    ipcRenderer.send('vivarium:message', message);
  },
  onMessage(listener: (message: unknown) => void): void {
    ipcRenderer.on('vivarium:message', (_event, message: unknown) => listener(message));
  },
  /** The port arrives as a `message` event of the window: `{ vivariumStream: requestId }`, or with an `error`. */
  openStream(requestId: string, name: string, params: unknown): void {
    ipcRenderer.send('vivarium:open-stream', { requestId, name, params });
  },
  pathOf(file: File): string {
    return webUtils.getPathForFile(file);
  },
};

export type Bridge = typeof bridge;

contextBridge.exposeInMainWorld('vivarium', bridge);

ipcRenderer.on('vivarium:stream', (event, answer: { requestId: string; error?: unknown }) => {
  window.postMessage(
    { vivariumStream: answer.requestId, ...(answer.error ? { error: answer.error } : {}) },
    window.location.origin,
    event.ports,
  );
});
