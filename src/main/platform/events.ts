import type { z } from 'zod';
import type { Events } from '@shared/ipc/contract';

/** One event of the contract, on its way to every client. */
export type CoreEvent = { [N in keyof Events]: { name: N; value: z.input<Events[N]> } }[keyof Events];
export type EmitEvent = (event: CoreEvent) => void;

/** Passes events on to whoever listens at the time. */
export interface EventHub {
  emit: EmitEvent;
  /** Returns a function that ends the subscription. */
  listen(listener: EmitEvent): () => void;
}

export function eventHub(): EventHub {
  const listeners = new Set<EmitEvent>();
  return {
    emit(event) {
      for (const listener of [...listeners]) listener(event);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
