import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface Display {
  /** What goes into `DISPLAY`. */
  name: string;
  stop: () => void;
}

/** Starts an X server without a screen. The server picks a free display number itself. */
export function startXvfb(size = '1920x1080'): Promise<Display> {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    (server.stdio[3] as Readable).once('data', (data: Buffer) => {
      resolve({ name: `:${data.toString().trim()}`, stop: () => void server.kill() });
    });
  });
}
