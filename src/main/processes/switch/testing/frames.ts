import { frameLength, prefixLength } from '../../../platform/frame-stream';
import type { FrameArena } from '../gateway/link';

/** The frames in runs of framed frames. */
export function framesIn(runs: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  for (const run of runs) {
    for (let position = 0; position < run.length;) {
      const end = position + prefixLength + frameLength(run, position);
      frames.push(Buffer.from(run.subarray(position + prefixLength, end)));
      position = end;
    }
  }
  return frames;
}

/** The frames that an arena passes on now. */
export function framesFrom(arena: FrameArena): Buffer[] {
  const frames: Buffer[] = [];
  arena.pass((run) => void frames.push(...framesIn([run])));
  return frames;
}
