import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';

/** An installed program that was started with `--remote-debugging-port=0`: the door by which a test looks in. */
export interface RunningProgram {
  manager: Page;
  /** Ends it as a person does who wants no machine kept. */
  quit(): Promise<void>;
  /** Ends it as hard as it can be ended. */
  kill(): Promise<void>;
}

/** Attaches to the windows of a program. @param child with its standard error as a pipe */
export async function attachTo(child: ChildProcess): Promise<RunningProgram> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (browser?: Browser): Promise<void> => {
    await browser?.close().catch(() => undefined);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  };
  const said: string[] = [];
  try {
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`The program ended with ${code}:\n${said.join('\n')}`)));
      if (!child.stderr) return reject(new Error('The program has no output'));
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
        if (found) resolve(found);
      });
    });
    const browser = await chromium.connectOverCDP(address);
    const [context] = browser.contexts();
    if (!context) throw new Error('The program has no windows');
    const manager = context.pages()[0] ?? (await context.waitForEvent('page'));
    const quit = async (): Promise<void> => {
      await manager.evaluate(() => {
        const { vivarium } = globalThis as unknown as { vivarium: { post(message: unknown): void } };
        vivarium.post({ kind: 'call', id: 1_000_000, name: 'app.quit', params: { running: 'power-off' } });
      });
      await ended;
      await kill(browser);
    };
    return { manager, quit, kill: () => kill(browser) };
  } catch (error) {
    await kill();
    throw error;
  }
}
