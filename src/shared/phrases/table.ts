import { agent } from './agent';
import { consoleUse } from './console';
import { devices } from './devices';
import { download } from './download';
import { engine } from './engine';
import { engineChange } from './engine-change';
import { guest } from './guest';
import { host } from './host';
import { dataFolder, machine } from './machine';
import { network } from './network';
import { problem, state } from './problem';
import { qemu } from './qemu';
import { qemuEnd } from './qemu-end';
import { saving } from './saving';
import { file } from './file';
import { desktop } from './desktop';
import { gallery } from './gallery';
import { task } from './task';
import { upload } from './upload';
import { clone } from './clone';
import { imageUse } from './image-use';
import { image } from './image';
import { medium } from './medium';
import { memory } from './memory';
import { merge } from './merge';
import { device } from './device';
import { qemuTalk } from './qemu-talk';
import { selftest } from './selftest';
import { snapshot } from './snapshot';
import { plan } from './plan';
import { fileAction } from './file-action';

/**
 * Every phrase in English, by group. The renderer shows this same table as its English messages, and a test holds
 * the other languages to its keys and placeholders. `{name}` is filled in; no other character is special.
 */
export const phrases = {
  agent,
  consoleUse,
  dataFolder,
  devices,
  download,
  host,
  engine,
  engineChange,
  guest,
  machine,
  network,
  problem,
  qemu,
  qemuEnd,
  saving,
  state,
  file,
  desktop,
  gallery,
  task,
  upload,
  clone,
  imageUse,
  image,
  medium,
  memory,
  merge,
  device,
  qemuTalk,
  selftest,
  snapshot,
  plan,
  fileAction,
} as const;
