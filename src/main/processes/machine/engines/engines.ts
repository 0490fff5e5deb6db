import { Failure } from '@shared/errors';
import type { EngineId } from '@shared/machine/config';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import type { Engine } from '../engine';
import { fakeEngine } from './fake/fake-engine';
import { v86Engine } from './v86/v86-engine';

export interface EngineEntry {
  engine: Engine;
  capabilities: EngineCapabilities;
}

/** @throws Failure `engine.not-found` */
export function engineOf(id: EngineId): EngineEntry {
  switch (id) {
    case 'v86':
      return { engine: v86Engine as Engine, capabilities: v86Capabilities };
    case 'fake':
      return { engine: fakeEngine as Engine, capabilities: fakeCapabilities };
    case 'qemu':
      throw new Failure('engine.not-found', 'This version of Vivarium cannot run machines with QEMU.');
  }
}
