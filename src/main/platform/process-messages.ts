import { z } from 'zod';

/**
 * What crosses the channel between main and one of its helper processes, in both directions. The same envelope
 * for both hosts:
 *
 * - **Electron** (`utilityProcess`): `child.postMessage(envelope, ports)`; the child sees
 *   `parentPort.on('message', ({ data, ports }))`. A stream is `{ kind: 'stream', description }` with its port as
 *   `ports[0]`; the messages on that port are data (`Uint8Array`) and control (`string`), see `port-channel.ts`.
 *   Of this file such a host uses `rpc` and `stream` only; a stream of its own (`openStream`) is one half of a
 *   `MessageChannelMain`, the other half being handed over.
 * - **Node** (`child_process.fork`, serialization `advanced`): `web-socket` comes with the TCP socket of a
 *   WebSocket request as its handle, and the child accepts it. `open`, `data` and `end` are the streams between
 *   main itself and the child; `data` and `end` go both ways.
 */
export const processMessage = z.discriminatedUnion('kind', [
  /** One `Message` of `shared/ipc/messages.ts`; checked by who receives it. */
  z.strictObject({ kind: z.literal('rpc'), message: z.unknown() }),
  z.strictObject({ kind: z.literal('stream'), description: z.unknown() }),
  z.strictObject({
    kind: z.literal('web-socket'),
    description: z.unknown(),
    /** Headers of the request, names in lower case. */
    headers: z.record(z.string(), z.string()),
    /** Bytes that came after the request's headers. */
    head: z.instanceof(Uint8Array),
  }),
  z.strictObject({ kind: z.literal('open'), stream: z.number().int(), description: z.unknown() }),
  z.strictObject({
    kind: z.literal('data'),
    stream: z.number().int(),
    data: z.union([z.string(), z.instanceof(Uint8Array)]),
  }),
  z.strictObject({ kind: z.literal('end'), stream: z.number().int() }),
]);
export type ProcessMessage = z.infer<typeof processMessage>;

/** What came over a process's channel, or undefined when it is none of ours. */
export function parseProcessMessage(raw: unknown): ProcessMessage | undefined {
  const parsed = processMessage.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}
