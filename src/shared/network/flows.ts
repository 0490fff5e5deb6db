import { z } from 'zod';

/** Conversations that are told at a time. */
export const maxFlowsTold = 50;

const flowEnd = z.object({
  /** As text. */
  address: z.string(),
  /** Null where the protocol has none. */
  port: z.number().nullable(),
});

/** What passes a network between two ends: both directions together are one flow. */
export const flow = z.object({
  protocol: z.enum(['tcp', 'udp', 'icmp', 'icmpv6', 'other']),
  /** Who was heard first. */
  a: flowEnd,
  b: flowEnd,
  /** Since the last report, as Ethernet carries them. */
  bytesFromA: z.number(),
  bytesFromB: z.number(),
  frames: z.number(),
});
export type Flow = z.infer<typeof flow>;

/** The busiest flows since the last report, the busiest first. */
export const flowReport = z.object({
  /** How long that was; 0: it is only looked at from now on. */
  ms: z.number(),
  flows: z.array(flow).max(maxFlowsTold),
  /** What passed besides these, other protocols than IP among it. */
  others: z.object({ flows: z.number(), bytes: z.number(), frames: z.number() }),
});
export type FlowReport = z.infer<typeof flowReport>;
