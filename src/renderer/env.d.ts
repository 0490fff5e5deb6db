/// <reference types="vite/client" />
import type { ElectronBridge } from './bridge/electron-bridge';

declare global {
  interface Window {
    /** Set by the preload script in Electron; absent in browser mode. */
    vivarium?: ElectronBridge;
  }
}
