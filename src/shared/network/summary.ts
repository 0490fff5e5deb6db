import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { networkConfig } from './config';
import { leaseReport, linkReport } from './report';
import { uplinkReport } from './uplink';

/** A network as user interfaces see it. */
export const networkSummary = z.object({
  id: z.string(),
  config: networkConfig,
  /** A machine that runs is plugged into it. */
  running: z.boolean(),
  /** The cards that are plugged in now. */
  ports: z.array(linkReport),
  /** The machines whose cards are meant to be on it, running or not: while there are any, it cannot be removed. */
  users: z.array(z.object({ machine: z.string(), nic: z.string(), name: z.string() })),
  /** Who has which address; known while it runs. */
  leases: z.array(leaseReport),
  /** How its device fares; null: it has none, or is not in use. */
  uplink: uplinkReport.nullable(),
  /** Why the proxy does not listen; null: it does, there is none, or the network is not in use. */
  proxyProblem: errorValue.nullable(),
  /** By the forwards' ids: why one does not listen, or null; known while it runs. */
  forwardProblems: z.record(z.string(), errorValue.nullable()),
});
export type NetworkSummary = z.infer<typeof networkSummary>;
