import type { RunningMachine } from '../engine';
import { encodePng } from './png';

/** The screen of a machine as it is now, as PNG. */
export async function screenPng(machine: Pick<RunningMachine, 'capture'>): Promise<Uint8Array> {
  const { width, height, rgba } = await machine.capture();
  return encodePng({ width, height, bytes: rgba });
}
