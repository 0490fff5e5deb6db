import type { EngineId } from '@shared/machine/config';
import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import type { Engine } from '../engine';
import { fakeEngine } from './fake/fake-engine';
import { qemuEngine } from './qemu/qemu-engine';
import { v86Engine } from './v86/v86-engine';

export interface EngineEntry {
  engine: Engine;
  /** What its saved states are marked with. */
  stateVersion: string;
}

export function engineOf(id: EngineId): EngineEntry {
  switch (id) {
    case 'v86':
      return { engine: v86Engine as Engine, stateVersion: v86Capabilities.version };
    case 'fake':
      return { engine: fakeEngine as Engine, stateVersion: fakeCapabilities.version };
    case 'qemu':
      return { engine: qemuEngine as Engine, stateVersion: qemuStateVersion };
  }
}
