import { completion } from './completion';
import { serialConsole } from './console';
import { create } from './create';
import { addDisk } from './disk';
import { events } from './events';
import { exec } from './exec';
import { forwards } from './forward';
import { logs } from './logs';
import { open } from './open';
import { screenshot } from './screenshot';
import { selftest } from './selftest';
import { serve } from './serve';
import { ssh } from './ssh';
import type { SpecialCommand } from './special';
import { wait } from './wait';

/** Commands that are more than one command of the contract. */
export const specialCommands: readonly SpecialCommand[] = [
  create,
  serialConsole,
  ssh,
  exec,
  screenshot,
  wait,
  logs,
  addDisk,
  ...forwards,
  events,
  open,
  serve,
  selftest,
  completion,
];
