import { z } from 'zod';

const percent = z.number().min(0).max(100);
/** Bits a second. */
const bandwidth = z.number().int().min(1000).max(100_000_000_000).nullable();
const milliseconds = z.number().min(0).max(10_000);

/**
 * What a machine's cable is to be like. `up` is from the machine, `down` is to it; everything else holds for each
 * direction on its own, so that a round trip takes twice the latency.
 */
export const condition = z.strictObject({
  /** Null: as fast as it goes. */
  bandwidthUp: bandwidth.default(null),
  bandwidthDown: bandwidth.default(null),
  latencyMs: milliseconds.default(0),
  /** The latency differs by up to this much to either side; frames stay in order. */
  jitterMs: milliseconds.default(0),
  /** Of a hundred frames, so many are lost, come twice, or are overtaken by the next ones. */
  loss: percent.default(0),
  duplication: percent.default(0),
  reordering: percent.default(0),
});
export type Condition = z.infer<typeof condition>;

export const conditionPresetNames = ['3g', 'satellite', 'bad-wifi', 'offline'] as const;
export type ConditionPresetName = (typeof conditionPresetNames)[number];

/** Conditions that people know by name; the figures are those that are usually measured there. */
export const conditionPresets: Readonly<Record<ConditionPresetName, Condition>> = {
  '3g': condition.parse({
    bandwidthUp: 700_000,
    bandwidthDown: 2_000_000,
    latencyMs: 75,
    jitterMs: 20,
    loss: 0.5,
  }),
  /** By way of a geostationary orbit: 36,000 km up and as many down again. */
  satellite: condition.parse({
    bandwidthUp: 3_000_000,
    bandwidthDown: 20_000_000,
    latencyMs: 300,
    jitterMs: 10,
    loss: 0.3,
  }),
  'bad-wifi': condition.parse({
    bandwidthUp: 5_000_000,
    bandwidthDown: 10_000_000,
    latencyMs: 15,
    jitterMs: 15,
    loss: 4,
    duplication: 0.5,
    reordering: 1,
  }),
  offline: condition.parse({ loss: 100 }),
};
