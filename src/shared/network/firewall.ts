import { z } from 'zod';
import { parseIpv4, parseSubnet } from './address';
import { parseIpv6, parsePrefix6 } from './ipv6';

const port = z.number().int().min(1).max(65_535);

/** One address, or a prefix, of IPv4 or IPv6. */
export const addressRange = z
  .string()
  .max(50)
  .refine(
    (text) =>
      [parseIpv4(text), parseIpv6(text), parseSubnet(text), parsePrefix6(text)].some(
        (value) => value !== undefined,
      ),
    'must be an address, or a prefix such as 10.0.0.0/8 or fd00::/8',
  );

/**
 * One rule. `out`: what machines begin, `address` and the ports being those of the other side. `in`: what comes
 * in by forwards, `address` being that of the caller and the ports those of the machine.
 */
export const firewallRule = z.strictObject({
  action: z.enum(['allow', 'deny']),
  direction: z.enum(['in', 'out']),
  /** Null: both. */
  protocol: z.enum(['tcp', 'udp']).nullable().default(null),
  /** Null: every one. */
  address: addressRange.nullable().default(null),
  /** Null: every one. Both ends are in the range. */
  ports: z
    .strictObject({ first: port, last: port })
    .refine(({ first, last }) => first <= last, 'must be in order')
    .nullable()
    .default(null),
});
export type FirewallRule = z.infer<typeof firewallRule>;

/**
 * What may pass the gateway. The first rule that fits decides; where none does, the switches do, and where those
 * say nothing, it is allowed. What machines of one network say to each other does not pass the gateway: rules do
 * not apply to it, `separate` ends it.
 */
export const firewall = z.strictObject({
  rules: z.array(firewallRule).max(256).default([]),
  /** Machines do not reach the networks that this computer is on: its home or company. */
  noLan: z.boolean().default(false),
  /** Machines do not reach this computer, neither at its addresses nor by what it offers. */
  noHost: z.boolean().default(false),
  /** Machines reach the gateway only, not each other. */
  separate: z.boolean().default(false),
});
export type Firewall = z.infer<typeof firewall>;
