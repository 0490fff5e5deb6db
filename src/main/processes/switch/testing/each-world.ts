import { afterEach, beforeEach } from 'vitest';
import { GatewayWorld } from './gateway-world';

/**
 * Makes a world for each test of a suite, and ends the one that is there when it is over.
 *
 * @param put takes the new one
 * @param there the one that the test has left
 */
export function eachWorld(put: (world: GatewayWorld) => void, there: () => GatewayWorld): void {
  beforeEach(() => put(new GatewayWorld()));
  afterEach(() => there().close());
}
