import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { networkConfig } from './config';
import { leaseReport } from './report';

/** A network as user interfaces see it. */
export const networkSummary = z.object({
  id: z.string(),
  config: networkConfig,
  /** A machine that runs is plugged into it. */
  running: z.boolean(),
  /** Who has which address; known while it runs. */
  leases: z.array(leaseReport),
  /** By the forwards' ids: why one does not listen, or null; known while it runs. */
  forwardProblems: z.record(z.string(), errorValue.nullable()),
});
export type NetworkSummary = z.infer<typeof networkSummary>;
