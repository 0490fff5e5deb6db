import { completion } from './completion';
import { serialConsole } from './console';
import { create } from './create';
import { events } from './events';
import { screenshot } from './screenshot';
import { serve } from './serve';
import type { SpecialCommand } from './special';
import { wait } from './wait';

/** Commands that are more than one command of the contract. */
export const specialCommands: readonly SpecialCommand[] = [
  create,
  serialConsole,
  screenshot,
  wait,
  events,
  serve,
  completion,
];
