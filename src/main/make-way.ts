import { Failure } from '@shared/errors';
import type { Core } from './core';
import { askToYield } from './platform/instance';

/** Between two attempts to have the data folder of a program that ends, and for how long; in milliseconds. */
const retryMs = 100;
const yieldMs = 15_000;

/**
 * Puts the program together; one in the background that has the data folder and nothing more to do is asked to make
 * way first.
 *
 * @param create as `createCore`; called again after a refusal
 * @throws Failure `library.locked` when whoever has the data folder keeps it
 */
export async function createInTurn(dataFolder: string, create: () => Promise<Core>): Promise<Core> {
  let giveUpAt: number | undefined;
  for (;;) {
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'library.locked') throw error;
      giveUpAt ??= performance.now() + ((await askToYield(dataFolder)) ? yieldMs : 0);
      if (performance.now() >= giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
