import { z } from 'zod';

/**
 * Messages of the QEMU Machine Protocol (QEMU's `docs/interop/qmp-spec`): one JSON object a line. Everything that
 * the other side sends is checked, because a guest that breaks out of QEMU would speak here.
 */

const greeting = z.looseObject({
  QMP: z.looseObject({
    version: z.looseObject({
      qemu: z.looseObject({ major: z.number().int(), minor: z.number().int(), micro: z.number().int() }),
      package: z.string().max(200),
    }),
    capabilities: z.array(z.unknown()),
  }),
});
export type Greeting = z.infer<typeof greeting>['QMP'];

const answer = z.looseObject({ return: z.unknown(), id: z.number().int() });
const refusal = z.looseObject({
  error: z.looseObject({ class: z.string().max(200), desc: z.string().max(10_000) }),
  id: z.number().int().optional(),
});
const event = z.looseObject({
  event: z.string().max(100),
  data: z.record(z.string(), z.unknown()).default({}),
  timestamp: z.looseObject({ seconds: z.number(), microseconds: z.number() }).optional().catch(undefined),
});

export type QmpMessage =
  | { kind: 'greeting'; greeting: Greeting }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'refusal'; id: number | undefined; class: string; text: string }
  /** `at`: when it happened, in milliseconds since 1970; undefined where QEMU does not know. */
  | { kind: 'event'; name: string; data: Record<string, unknown>; at: number | undefined };

/** Undefined for what is no message of the protocol. */
export function parseQmpMessage(line: string): QmpMessage | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof raw !== 'object' || raw === null) return undefined;
  if ('event' in raw) {
    const parsed = event.safeParse(raw);
    if (!parsed.success) return undefined;
    const { event: name, data, timestamp } = parsed.data;
    // Without a clock QEMU says -1.
    const { seconds = -1, microseconds = 0 } = timestamp ?? {};
    return { kind: 'event', name, data, at: seconds < 0 ? undefined : seconds * 1000 + microseconds / 1000 };
  }
  if ('error' in raw) {
    const parsed = refusal.safeParse(raw);
    if (!parsed.success) return undefined;
    const { id, error } = parsed.data;
    return { kind: 'refusal', id, class: error.class, text: error.desc };
  }
  if ('QMP' in raw) {
    const parsed = greeting.safeParse(raw);
    return parsed.success ? { kind: 'greeting', greeting: parsed.data.QMP } : undefined;
  }
  if (!('return' in raw)) return undefined;
  const parsed = answer.safeParse(raw);
  return parsed.success ? { kind: 'answer', id: parsed.data.id, value: parsed.data.return } : undefined;
}
