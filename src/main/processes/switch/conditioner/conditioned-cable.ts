import type { Condition } from '@shared/network/condition';
import { frameLength, prefixLength } from '../../../platform/frame-stream';
import type { Clock } from '../clock';
import { Conditioner, type DirectionCondition } from './conditioner';

export interface CableEnds {
  /** Frames that have come from the machine, and frames that are for it. */
  fromMachine(run: Buffer, frames: number): void;
  toMachine(run: Buffer, frames: number): void;
  lost(frames: number): void;
}

/** A cable between a machine and the switch that is as somebody wants it to be. */
export class ConditionedCable {
  private readonly up: Conditioner;
  private readonly down: Conditioner;

  constructor(clock: Clock, ends: CableEnds, condition: Condition, random: () => number = Math.random) {
    const common = { clock, random, lost: (frames: number) => ends.lost(frames) };
    const [up, down] = directionsOf(condition);
    this.up = new Conditioner({ ...common, arrived: (run, frames) => ends.fromMachine(run, frames) }, up);
    this.down = new Conditioner({ ...common, arrived: (run, frames) => ends.toMachine(run, frames) }, down);
  }

  change(condition: Condition): void {
    const [up, down] = directionsOf(condition);
    this.up.change(up);
    this.down.change(down);
  }

  /**
   * Takes the whole frames at the front of a chunk that has come from the machine.
   *
   * @returns where the first frame begins that is not whole
   * @throws FramingError
   */
  takeFromMachine(chunk: Buffer, start: number): number {
    return pushAll(this.up, chunk, start);
  }

  /** Takes a run of whole frames for the machine. */
  takeForMachine(run: Buffer): void {
    pushAll(this.down, run, 0);
  }

  /** The cable is perfect again: all that is on its way arrives. */
  flush(): void {
    this.up.flush();
    this.down.flush();
  }

  /** The cable is pulled. */
  close(): void {
    this.up.close();
    this.down.close();
  }
}

function pushAll(conditioner: Conditioner, chunk: Buffer, start: number): number {
  let position = start;
  while (chunk.length - position >= prefixLength) {
    const end = position + prefixLength + frameLength(chunk, position);
    if (end > chunk.length) break;
    conditioner.push(chunk.subarray(position, end));
    position = end;
  }
  return position;
}

function directionsOf(condition: Condition): [up: DirectionCondition, down: DirectionCondition] {
  const { bandwidthUp, bandwidthDown, ...both } = condition;
  return [
    { ...both, bandwidth: bandwidthUp },
    { ...both, bandwidth: bandwidthDown },
  ];
}
