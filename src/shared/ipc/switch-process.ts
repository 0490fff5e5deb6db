import { z } from 'zod';
import {
  captureFilter,
  captureRequest,
  captureStatus,
  maxPacketsPerPage,
  packetDetail,
  packetPage,
  tcpStream,
} from '../network/capture';
import { networkConfig } from '../network/config';
import { flowReport } from '../network/flows';
import { leaseReport, networkStatistics, plugRequest } from '../network/report';
import { uplinkPlan, uplinkReport } from '../network/uplink';
import { errorValue } from './messages';

/** What main and the process of one virtual network say to each other. */
const none = z.strictObject({});
const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);

const packetNumber = z.number().int().min(1);

export const switchProcessCommands = {
  /** At its beginning, and again for every change; until then cables are all that there is. Answers how each forward and the proxy fare: null when it listens. */
  configure: {
    params: z.strictObject({
      network: networkConfig,
      leasesPath: z.string(),
      /** The way to its device; null: it has none, or it cannot be had. */
      uplink: uplinkPlan.nullable().default(null),
    }),
    result: z.object({
      forwards: z.record(z.string(), errorValue.nullable()),
      proxy: errorValue.nullable(),
    }),
  },
  /** Connects to a machine's card and stays connected; what the port was plugged into before is left. */
  plug: { params: plugRequest, result: nothing },
  unplug: { params: z.strictObject({ port: z.string().max(64) }), result: nothing },
  leases: { params: none, result: z.array(leaseReport) },
  /** The busiest flows since the last question. They are looked at only while somebody asks every few seconds. */
  flows: { params: none, result: flowReport },
  /** Begins to capture; what an earlier capture has is given up. What was captured is lost with the process. */
  startCapture: { params: captureRequest, result: captureStatus },
  stopCapture: { params: none, result: captureStatus.nullable() },
  captureStatus: { params: none, result: captureStatus.nullable() },
  packets: {
    params: z.strictObject({
      after: z.number().int().min(0),
      limit: z.number().int().min(1).max(maxPacketsPerPage),
      filter: captureFilter,
    }),
    result: packetPage,
  },
  packet: { params: z.strictObject({ number: packetNumber }), result: packetDetail },
  followStream: { params: z.strictObject({ number: packetNumber }), result: tcpStream },
  saveCapture: {
    params: z.strictObject({ path: z.string().max(4096), filter: captureFilter }),
    result: z.object({ path: z.string(), packets: z.number() }),
  },
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
  uplink: uplinkReport,
  /** Once a second while something moves. */
  statistics: networkStatistics,
  log: z.object({ line: z.string().max(4000) }),
} as const;
export type SwitchProcessEvents = typeof switchProcessEvents;
