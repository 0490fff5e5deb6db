import { join } from 'node:path';
import { access } from 'node:fs/promises';
import { fakeCapabilities } from '@shared/engine/engines';
import { Failure } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { MachineConfig } from '@shared/machine/config';
import type { BlockDevice } from '../../../../disks/block-device';
import { hostFailure } from '../../../../disks/host-file';
import { consumeSavedState } from '../../../../disks/saved-state/consume';
import { hardwareDigest } from '../../../../disks/saved-state/hardware-digest';
import { readSavedState } from '../../../../disks/saved-state/reader';
import type { Engine, EngineEvents } from '../../engine';
import { hostImages, type ImageOpener } from '../../images';
import { FakeMachine } from './fake-machine';

export interface FakePlan {
  name: string;
  config: MachineConfig;
  paths: LaunchPaths;
  hardware: string;
}

function planFake(config: MachineConfig, paths: LaunchPaths): FakePlan {
  if (!fakeCapabilities.architectures.includes(config.architecture)) {
    throw new Failure('engine.unsupported', `The fake engine does not run ${config.architecture}.`);
  }
  if (config.cpus > fakeCapabilities.maxCpus) {
    throw new Failure('engine.unsupported', 'The fake engine has one processor.');
  }
  return { name: config.name, config, paths, hardware: hardwareDigest(config) };
}

/** A machine without a guest: for tests of everything around one. It opens real disks and media. */
export function createFakeEngine(opener: ImageOpener = hostImages): Engine<FakePlan> {
  return { id: 'fake', plan: planFake, launch: (plan, events) => launch(plan, events, opener) };
}

export const fakeEngine = createFakeEngine();

async function launch(plan: FakePlan, events: EngineEvents, opener: ImageOpener): Promise<FakeMachine> {
  const { config, paths } = plan;
  const bios = join(paths.bios, 'seabios.bin');
  await access(bios).catch((error: unknown) => {
    throw hostFailure(error, 'read', bios);
  });
  const identity = {
    engine: 'fake',
    engineVersion: fakeCapabilities.version,
    hardwareDigest: plan.hardware,
  };
  const state = paths.savedState === null ? undefined : await readSavedState(paths.savedState, identity);
  const opened: BlockDevice[] = [];
  const open = async (device: Promise<BlockDevice>): Promise<BlockDevice> => {
    const result = await device;
    opened.push(result);
    return result;
  };
  try {
    const [firstDisk] = config.disks;
    const diskPath = firstDisk && paths.disks[firstDisk.id];
    const disk = diskPath === undefined ? undefined : await open(opener.disk(diskPath));
    const media = new Map<string, BlockDevice | null>();
    for (const { id } of config.drives) {
      const path = paths.drives[id];
      media.set(id, path === undefined ? null : await open(opener.medium(path)));
    }
    if (paths.savedState !== null) await consumeSavedState(paths.savedState);
    return new FakeMachine(
      plan.name,
      config,
      { disk, diskPath: diskPath ?? '', media, opener },
      events,
      state,
    );
  } catch (error) {
    await Promise.allSettled(opened.map((device) => device.close()));
    throw error;
  }
}
