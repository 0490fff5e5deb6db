import { z } from 'zod';
import { networkConfig } from '../network/config';
import { leaseReport, networkStatistics, plugRequest } from '../network/report';
import { errorValue } from './messages';

/** What main and the process of one virtual network say to each other. */
const none = z.strictObject({});
const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);

export const switchProcessCommands = {
  /** The first command, and again for every change. Answers how each forward fares: null when it listens. */
  configure: {
    params: z.strictObject({ network: networkConfig, leasesPath: z.string() }),
    result: z.record(z.string(), errorValue.nullable()),
  },
  /** Connects to a machine's card and stays connected; what the port was plugged into before is left. */
  plug: { params: plugRequest, result: nothing },
  unplug: { params: z.strictObject({ port: z.string().max(64) }), result: nothing },
  leases: { params: none, result: z.array(leaseReport) },
  /** Writes down what is to be kept; the process then ends by itself with status 0. */
  end: { params: none, result: nothing },
} as const;
export type SwitchProcessCommands = typeof switchProcessCommands;

export const switchProcessEvents = {
  link: z.object({
    port: z.string(),
    state: z.enum(['connecting', 'up', 'closed']),
    reason: z.string().optional(),
  }),
  leases: z.object({ leases: z.array(leaseReport) }),
  /** Once a second while something moves. */
  statistics: networkStatistics,
  log: z.object({ line: z.string().max(4000) }),
} as const;
export type SwitchProcessEvents = typeof switchProcessEvents;
