import type { KeptState, MachineConfig } from '@shared/machine/config';
import type { CommitStep, Operation, PrepareStep } from './steps';

/** Where a copy of the firmware's variables lies meanwhile. */
const folder = 'kept';
const firmwareCopy = `${folder}/firmware`;

/**
 * Plans the beginning of a time whose changes will be discarded: new images on top of the present ones, and a copy of
 * the firmware's variables. Precondition: nothing is kept yet. Pure.
 *
 * @param operationId part of the names of new files
 */
export function planKeep(config: MachineConfig, hasFirmware: boolean, operationId: string): Operation {
  const paths = imagesFor(config, operationId);
  const prepare: PrepareStep[] = [{ do: 'folder', path: folder }];
  if (hasFirmware) prepare.push({ do: 'copyFolder', from: 'firmware', path: firmwareCopy });
  for (const { id, path: on } of config.disks) prepare.push({ do: 'overlay', path: paths[id] ?? '', on });
  const snapshot = config.snapshot ?? null;
  const kept: KeptState = {
    paths: Object.fromEntries(config.disks.map(({ id, path }) => [id, path])),
    snapshot,
    firmware: hasFirmware,
  };
  return {
    title: 'Keep the present state, to go back to it at the next power-off',
    prepare,
    commit: [{ do: 'config', paths, snapshot, settings: null, kept }],
  };
}

/**
 * Plans the way back to what was kept. A disk that was added meanwhile stays as it is. Pure.
 *
 * @param isFrozen whether a snapshot needs an image, so that nothing may be written to it
 * @param abandoned images that nothing will need any more
 * @param hasCopy the copy of the firmware's variables is there
 */
export function planDiscard(
  config: MachineConfig,
  kept: KeptState,
  isFrozen: (image: string) => boolean,
  abandoned: readonly string[],
  hasCopy: boolean,
  operationId: string,
): Operation {
  const fresh = imagesFor(config, operationId);
  const prepare: PrepareStep[] = [];
  const paths: Record<string, string> = {};
  for (const { id } of config.disks) {
    const image = kept.paths[id];
    if (image === undefined) continue;
    paths[id] = image;
    // Of what has been changed, a snapshot was taken: it goes on from this image as well.
    if (!isFrozen(image)) continue;
    paths[id] = fresh[id] ?? '';
    prepare.push({ do: 'overlay', path: paths[id], on: image });
  }
  const firmware: CommitStep[] = hasCopy
    ? [{ do: 'replace', from: firmwareCopy, to: 'firmware' }]
    : kept.firmware
      ? []
      : [{ do: 'remove', path: 'firmware' }];
  return {
    title: 'Discard what has changed since the machine was started',
    prepare,
    commit: [
      { do: 'config', paths, snapshot: kept.snapshot, settings: null, kept: null },
      ...firmware,
      ...[folder, ...new Set(abandoned)].map((path): CommitStep => ({ do: 'remove', path })),
    ],
  };
}

function imagesFor(config: MachineConfig, operationId: string): Record<string, string> {
  return Object.fromEntries(config.disks.map(({ id }) => [id, `disks/${id}-${operationId}.qcow2`]));
}
