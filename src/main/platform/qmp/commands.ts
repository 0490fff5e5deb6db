import { z } from 'zod';

/** The commands of the QEMU Machine Protocol that this project uses, with what goes in and what comes out. */

const none = z.strictObject({});
const empty = z.looseObject({});
const text = z.string().max(10_000);
const named = z.looseObject({ name: text });

const blockStatistics = z.looseObject({
  device: text.optional(),
  'node-name': text.optional(),
  qdev: text.optional(),
  stats: z.looseObject({
    rd_bytes: z.number(),
    wr_bytes: z.number(),
    rd_operations: z.number(),
    wr_operations: z.number(),
  }),
});

/** QEMU's `RunState`. */
const runState = z.looseObject({ status: text, running: z.boolean() });

const keyEvent = z.strictObject({
  type: z.literal('key'),
  data: z.strictObject({
    down: z.boolean(),
    key: z.strictObject({ type: z.literal('number'), data: z.number().int() }),
  }),
});

export const qmpCommands = {
  qmp_capabilities: { params: none, result: empty },
  quit: { params: none, result: empty },

  'query-machines': {
    params: none,
    result: z.array(
      z.looseObject({
        name: text,
        alias: text.optional(),
        'is-default': z.boolean().optional(),
        'cpu-max': z.number().int(),
        deprecated: z.boolean().optional(),
      }),
    ),
  },
  'query-cpu-definitions': { params: none, result: z.array(named) },
  'qom-list-types': {
    params: z.strictObject({ implements: z.string(), abstract: z.boolean() }),
    result: z.array(named),
  },
  'query-commands': { params: none, result: z.array(named) },
  'query-command-line-options': {
    params: z.strictObject({ option: z.string() }),
    result: z.array(z.looseObject({ option: text, parameters: z.array(named) })),
  },

  'query-status': { params: none, result: runState },
  cont: { params: none, result: empty },
  stop: { params: none, result: empty },
  system_reset: { params: none, result: empty },
  system_powerdown: { params: none, result: empty },
  set_link: { params: z.strictObject({ name: z.string(), up: z.boolean() }), result: empty },
  'input-send-event': { params: z.strictObject({ events: z.array(keyEvent) }), result: empty },
  /** QEMU's monitor for people: for what has no command of its own. */
  'human-monitor-command': { params: z.strictObject({ 'command-line': z.string() }), result: z.string() },

  /** The password of QEMU's VNC server, of which eight characters count. */
  set_password: {
    params: z.strictObject({ protocol: z.literal('vnc'), password: z.string() }),
    result: empty,
  },
  /** Where the VNC server listens: `service` is the port. */
  'query-vnc': { params: none, result: z.looseObject({ host: text.default(''), service: text.default('') }) },
  /** Writes the screen as a PPM file. */
  screendump: { params: z.strictObject({ filename: z.string() }), result: empty },

  /** Character devices; `frontend-open`: somebody in the guest has opened its end. */
  'query-chardev': {
    params: none,
    result: z.array(z.looseObject({ label: text, 'frontend-open': z.boolean().optional() })),
  },
  /** The threads of the host that run the guest's processors. */
  'query-cpus-fast': {
    params: none,
    result: z.array(z.looseObject({ 'cpu-index': z.number().int(), 'thread-id': z.number().int() })),
  },
  /** `value`: the memory that the guest is to have, in bytes. */
  balloon: { params: z.strictObject({ value: z.number().int() }), result: empty },
  /** `actual`: the memory that the guest has, in bytes. */
  'query-balloon': { params: none, result: z.looseObject({ actual: z.number() }) },
  'qom-get': { params: z.strictObject({ path: z.string(), property: z.string() }), result: z.unknown() },
  'qom-set': {
    params: z.strictObject({ path: z.string(), property: z.string(), value: z.unknown() }),
    result: empty,
  },
  'query-blockstats': { params: none, result: z.array(blockStatistics) },
  /** All of its actions, or none. `mode: existing`: the file is an image already. */
  transaction: {
    params: z.strictObject({
      actions: z.array(
        z.strictObject({
          type: z.literal('blockdev-snapshot-sync'),
          data: z.strictObject({
            'node-name': z.string(),
            'snapshot-file': z.string(),
            'snapshot-node-name': z.string(),
            format: z.literal('qcow2'),
            mode: z.literal('existing'),
          }),
        }),
      ),
    }),
    result: empty,
  },
  /** All block nodes; `file`: a path, or a description as JSON. */
  'query-named-block-nodes': {
    params: z.strictObject({ flat: z.literal(true) }),
    result: z.array(z.looseObject({ 'node-name': text.default(''), file: text.default(''), drv: text })),
  },
  /**
   * Takes over into `device`, a node, what lies between it and `base-node`, while it is in use; everything below it
   * without that. `backing-file` is the name for the header. Not finalized, it waits with that as `pending`.
   */
  'block-stream': {
    params: z.strictObject({
      'job-id': z.string(),
      device: z.string(),
      'base-node': z.string().optional(),
      'backing-file': z.string().optional(),
      'auto-finalize': z.literal(false),
      'auto-dismiss': z.literal(false),
    }),
    result: empty,
  },
  /** Progress is in a unit of the job's own. */
  'query-jobs': {
    params: none,
    result: z.array(
      z.looseObject({
        id: text,
        status: text,
        'current-progress': z.number(),
        'total-progress': z.number(),
        error: text.optional(),
      }),
    ),
  },
  'job-cancel': { params: z.strictObject({ id: z.string() }), result: empty },
  'job-finalize': { params: z.strictObject({ id: z.string() }), result: empty },
  'job-dismiss': { params: z.strictObject({ id: z.string() }), result: empty },
  'blockdev-add': {
    params: z.looseObject({ driver: z.string(), 'node-name': z.string() }),
    result: empty,
  },
  'blockdev-del': { params: z.strictObject({ 'node-name': z.string() }), result: empty },
  'blockdev-open-tray': { params: z.strictObject({ id: z.string(), force: z.boolean() }), result: empty },
  'blockdev-close-tray': { params: z.strictObject({ id: z.string() }), result: empty },
  'blockdev-remove-medium': { params: z.strictObject({ id: z.string() }), result: empty },
  'blockdev-insert-medium': {
    params: z.strictObject({ id: z.string(), 'node-name': z.string() }),
    result: empty,
  },

  /** A device for a bus that takes some while the guest runs; properties as of `-device`. */
  device_add: { params: z.looseObject({ driver: z.string(), id: z.string() }), result: empty },
  /** Asks the guest to let a device go; `DEVICE_DELETED` says that it did. */
  device_del: { params: z.strictObject({ id: z.string() }), result: empty },
  netdev_add: { params: z.looseObject({ type: z.string(), id: z.string() }), result: empty },
  netdev_del: { params: z.strictObject({ id: z.string() }), result: empty },

  'migrate-set-capabilities': {
    params: z.strictObject({
      capabilities: z.array(z.strictObject({ capability: z.string(), state: z.boolean() })),
    }),
    result: empty,
  },
  /** `max-bandwidth` in bytes a second. */
  'migrate-set-parameters': { params: z.strictObject({ 'max-bandwidth': z.number() }), result: empty },
  migrate: { params: z.strictObject({ uri: z.string() }), result: empty },
  'migrate-incoming': { params: z.strictObject({ uri: z.string() }), result: empty },
  migrate_cancel: { params: none, result: empty },
  'query-migrate': {
    params: none,
    result: z.looseObject({
      status: text.optional(),
      'error-desc': text.optional(),
      /** Since QEMU 6.0: why nothing can be migrated now. */
      'blocked-reasons': z.array(text).max(100).optional(),
    }),
  },
} as const;

export type QmpCommands = typeof qmpCommands;
export type QmpCommandName = keyof QmpCommands;
export type QmpParams<N extends QmpCommandName> = z.input<QmpCommands[N]['params']>;
export type QmpResult<N extends QmpCommandName> = z.output<QmpCommands[N]['result']>;

/** The events that this project listens to. */
export const qmpEvents = {
  SHUTDOWN: z.looseObject({ guest: z.boolean(), reason: text }),
  RESET: z.looseObject({ guest: z.boolean() }),
  STOP: empty,
  RESUME: empty,
  MIGRATION: z.looseObject({ status: text }),
  /** A program in the guest has opened or closed its end of a channel. */
  VSERPORT_CHANGE: z.looseObject({ id: text, open: z.boolean() }),
  GUEST_PANICKED: z.looseObject({ action: text }),
  /** `device` is missing for one without an id. */
  DEVICE_DELETED: z.looseObject({ device: text.optional() }),
  /** The guest has said that it does not let the device go. */
  DEVICE_UNPLUG_GUEST_ERROR: z.looseObject({ device: text.optional() }),
  BLOCK_IO_ERROR: z.looseObject({
    device: text.default(''),
    'node-name': text.optional(),
    operation: z.enum(['read', 'write']),
    action: z.enum(['ignore', 'report', 'stop']),
    nospace: z.boolean().default(false),
    reason: text.default(''),
  }),
} as const;

export type QmpEvents = typeof qmpEvents;
export type QmpEventName = keyof QmpEvents;
export type QmpEvent<N extends QmpEventName> = z.output<QmpEvents[N]>;

export function isQmpEventName(name: string): name is QmpEventName {
  return Object.hasOwn(qmpEvents, name);
}
