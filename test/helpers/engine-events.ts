import type { EngineEvents } from '../../src/main/processes/machine/engine';

/** Events of an engine that nobody listens to, but for `listeners`. */
export function engineEvents(listeners: Partial<EngineEvents>): EngineEvents {
  const nothing = (): void => {};
  return {
    stopped: nothing,
    pausedByProblem: nothing,
    resumed: nothing,
    failed: nothing,
    pointer: nothing,
    screen: nothing,
    log: nothing,
    ...listeners,
  };
}
