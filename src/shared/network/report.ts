import { z } from 'zod';
import { machineId } from '../machine/config';

/** A machine's card that is to be connected to a network. */
export const plugRequest = z.strictObject({
  /** Made of the machine's and the card's id; unique in the network. */
  port: z.string().min(1).max(64),
  /** The address on which the machine listens: a unix socket, or a named pipe. */
  path: z.string().min(1).max(512),
  machine: machineId,
  /** The machine's name: guests of the network reach it by that. */
  name: z.string().max(200),
  mac: z.string().max(17),
  /** The longest packet that the card takes, in bytes; null: whatever the network carries. */
  mtu: z.number().int().min(576).nullable().default(null),
});
export type PlugRequest = z.input<typeof plugRequest>;

/** The machine and the card of a port's name. Ids of machines have no hyphen. */
export function partsOfPort(port: string): { machine: string; nic: string } {
  const [machine = '', ...nic] = port.split('-');
  return { machine, nic: nic.join('-') };
}

export const leaseReport = z.object({
  mac: z.string(),
  address: z.string(),
  /** What the guest calls itself, as a label of a host name. */
  hostName: z.string().nullable(),
  /** ISO 8601, UTC. */
  expires: z.string(),
});
export type LeaseReport = z.infer<typeof leaseReport>;

/** A card that is plugged in, and whether the switch is connected to it. */
export const linkReport = z.object({
  port: z.string(),
  machine: z.string(),
  state: z.enum(['connecting', 'up']),
  /** Why a connection that there was has ended. */
  reason: z.string().nullable(),
});
export type LinkReport = z.infer<typeof linkReport>;

/** What a network has carried since it was started. `received` is from the machine's card, `sent` to it. */
export const networkStatistics = z.object({
  ports: z.array(
    z.object({
      port: z.string(),
      receivedFrames: z.number(),
      receivedBytes: z.number(),
      sentFrames: z.number(),
      sentBytes: z.number(),
      /** Not sent: more waited than the queue holds. */
      droppedFrames: z.number(),
      /** Not sent: nobody was at the other end of the cable. */
      unconnectedFrames: z.number(),
      /** Not taken: their sender’s address is somebody else’s. */
      refusedFrames: z.number(),
      /** Lost on purpose, in either direction: see `Condition`. */
      lostFrames: z.number(),
    }),
  ),
  /** Hardware addresses that the switch knows the place of. */
  stations: z.number(),
  /** Open TCP connections and UDP flows through the gateway. */
  connections: z.number(),
  flows: z.number(),
});
export type NetworkStatistics = z.infer<typeof networkStatistics>;
