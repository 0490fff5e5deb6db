import { z } from 'zod';
import { portId } from './config';

/** What is to be captured. A second capture of a network takes the place of the first. */
export const captureRequest = z.strictObject({
  /** What one port sends and receives; null: every frame that comes into the switch, once. */
  port: portId.or(z.literal('gateway')).nullable(),
  /** The oldest frames are given up beyond so many bytes, and when they are older than so many seconds. */
  maxBytes: z
    .number()
    .int()
    .min(64 * 1024)
    .max(1024 * 1024 * 1024)
    .default(64 * 1024 * 1024),
  maxSeconds: z.number().int().min(1).max(86_400).nullable().default(null),
  /** Of each frame so many bytes are kept. */
  snapLength: z.number().int().min(64).max(65_535).default(65_535),
});
export type CaptureRequest = z.infer<typeof captureRequest>;

export const captureStatus = z.object({
  /** False: it has been stopped; what was captured is still there. */
  running: z.boolean(),
  port: z.string().nullable(),
  /** ISO 8601, UTC. */
  started: z.string(),
  /** The numbers of the oldest and the newest frame that are there; they count from 1, and are 0 without frames. */
  first: z.number(),
  last: z.number(),
  /** What the frames take, and how many were given up to make room. */
  bytes: z.number(),
  givenUp: z.number(),
});
export type CaptureStatus = z.infer<typeof captureStatus>;

/** One line of the list of frames. */
export const packetSummary = z.object({
  number: z.number(),
  /** Milliseconds since 1970, with a fraction. */
  time: z.number(),
  port: z.string(),
  /** `received`: by the switch, from the port. */
  direction: z.enum(['received', 'sent']),
  /** Bytes of the frame as it was. */
  length: z.number(),
  source: z.string(),
  destination: z.string(),
  /** The innermost protocol that was understood: `ARP`, `TCP`, `DNS` … */
  protocol: z.string(),
  info: z.string(),
});
export type PacketSummary = z.infer<typeof packetSummary>;

export const packetLayer = z.object({
  protocol: z.string(),
  /** Where its header lies in the frame. */
  start: z.number(),
  end: z.number(),
  fields: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type PacketLayer = z.infer<typeof packetLayer>;

export const packetDetail = z.object({
  packet: packetSummary,
  layers: z.array(packetLayer),
  bytes: z.string().describe('base64'),
});
export type PacketDetail = z.infer<typeof packetDetail>;

/** Some frames of a capture. To get those that follow, ask again with `after: next`. */
export const packetPage = z.object({
  packets: z.array(packetSummary),
  next: z.number(),
  /** All frames that there are now have been looked at. */
  complete: z.boolean(),
});
export type PacketPage = z.infer<typeof packetPage>;

/** What the two ends of a TCP connection have said to each other, as far as it was captured. */
export const tcpStream = z.object({
  /** Address and port of whoever has opened the connection (or was heard first), and of the other. */
  client: z.string(),
  server: z.string(),
  parts: z.array(
    z.object({
      from: z.enum(['client', 'server']),
      /** The frame with its first byte. */
      packet: z.number(),
      data: z.string().describe('base64'),
      /** Bytes before it were not captured. */
      gap: z.boolean(),
    }),
  ),
  /** There is more than is told. */
  truncated: z.boolean(),
});
export type TcpStream = z.infer<typeof tcpStream>;

/**
 * A filter in the words of pcap-filter(7), as far as they go: `arp`, `ip`, `ip6`, `icmp`, `icmp6`, `tcp`, `udp`,
 * `dns`, `dhcp`, `tls`, `http`; `host ADDRESS`, `net PREFIX`, `port NUMBER`, `portrange FIRST-LAST`, `ether host
 * MAC`, each with `src` or `dst` before it; `less` and `greater` with a length; `and`, `or`, `not` and parentheses.
 */
export const captureFilter = z.string().max(500);

/** Frames asked for at once, at most. */
export const maxPacketsPerPage = 1000;
