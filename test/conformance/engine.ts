import { describe } from 'vitest';
import { engineDevices } from './engine-devices';
import { engineLife } from './engine-life';
import { engineMerges } from './engine-merges';
import { EngineRig, type Subject } from './engine-rig';
import { engineSavedState } from './engine-saved-state';
import { engineScreen } from './engine-screen';
import { engineTrouble } from './engine-trouble';

export type { Guest, Subject } from './engine-rig';

/** What every engine does, whatever runs in it. */
export function engineConformance(name: string, subject: Subject): void {
  describe(`the engine ${name}`, () => {
    const rig = new EngineRig(subject);
    engineLife(rig, subject);
    engineSavedState(rig);
    engineDevices(rig, subject);
    engineMerges(rig);
    engineTrouble(rig, subject);
    engineScreen(rig, subject);
  });
}
