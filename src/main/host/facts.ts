import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { phrase } from '@shared/phrases/phrase';
import { findProgram, runProgram } from '../platform/program';
import { missingFirmware } from './engines';
import { type Fact, makeFact } from './fact';
import { installCommand } from './qemu/install-hint';

/** How long a program may take to tell its version, in milliseconds. */
const versionMs = 5000;
const gibibyte = 1024 ** 3;
/** Below this much free space it is worth a warning: a guest that fills its disk would stop. */
const littleSpace = 2 * gibibyte;

/** What a fact-finder looks at. */
export interface FactSources {
  resourcesFolder: string;
  dataFolder: string;
  freeSpace: number | null;
  env: Record<string, string | undefined>;
  platform: NodeJS.Platform;
}

/** Things that are there or missing on this computer besides QEMU, with what to do about them. */
export function collectFacts(sources: FactSources): Promise<Fact[]> {
  return Promise.all([
    firmware(sources),
    starterLinux(sources),
    qemuImg(sources),
    display(sources),
    dataFolder(sources),
    diskSpace(sources),
  ]);
}

async function firmware({ resourcesFolder }: FactSources): Promise<Fact> {
  const title = phrase('host.firmware');
  const missing = await missingFirmware(join(resourcesFolder, 'bios'));
  if (!missing) return makeFact('firmware', 'ok', { title, detail: phrase('host.firmwareThere') });
  const detail = phrase('host.firmwareMissing', { file: missing });
  return makeFact('firmware', 'missing', { title, detail, hint: phrase('host.buildResources') });
}

async function starterLinux({ resourcesFolder }: FactSources): Promise<Fact> {
  const title = phrase('host.starterLinux');
  const found = await isThere(join(resourcesFolder, 'guests', 'starter-linux.iso'));
  if (found) return makeFact('starter-linux', 'ok', { title, detail: phrase('host.starterLinuxThere') });
  const detail = phrase('host.starterLinuxMissing');
  return makeFact('starter-linux', 'missing', { title, detail, hint: phrase('host.buildStarterLinux') });
}

async function qemuImg({ env, platform }: FactSources): Promise<Fact> {
  const title = phrase('host.qemuImg');
  const path = await findProgram('qemu-img', env);
  if (path === undefined) {
    const { command } = await installCommand(platform, env);
    return makeFact('qemu-img', 'missing', {
      title,
      detail: phrase('host.qemuImgMissing'),
      hint: phrase('host.qemuImgHint', { command }),
    });
  }
  const version = await versionOf(path);
  const detail =
    version === undefined
      ? phrase('host.programOfUnknownVersion', { path })
      : phrase('host.programAt', { version, path });
  return makeFact('qemu-img', 'ok', { title, detail });
}

function display({ env, platform }: FactSources): Fact {
  const title = phrase('host.display');
  const there = platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']);
  const detail = phrase(there ? 'host.displayThere' : 'host.displayMissing');
  return makeFact('display', there ? 'ok' : 'warning', { title, detail });
}

async function dataFolder({ dataFolder: path }: FactSources): Promise<Fact> {
  const title = phrase('host.dataFolder');
  try {
    await access(path, constants.W_OK);
    return makeFact('data-folder', 'ok', { title, detail: path });
  } catch {
    const detail = phrase('host.dataFolderDenied', { path });
    return makeFact('data-folder', 'missing', { title, detail, hint: phrase('host.dataFolderHint') });
  }
}

function diskSpace({ freeSpace }: FactSources): Fact {
  const title = phrase('host.diskSpace');
  if (freeSpace === null) {
    return makeFact('disk-space', 'warning', { title, detail: phrase('host.diskSpaceUnknown') });
  }
  const little = freeSpace < littleSpace;
  const detail = phrase('host.diskSpaceFree', { size: (freeSpace / gibibyte).toFixed(1) });
  const hint = little ? phrase('host.diskSpaceHint') : undefined;
  return makeFact('disk-space', little ? 'warning' : 'ok', { title, detail, hint });
}

/** Undefined when it does not tell. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const text = await runProgram(path, ['--version'], versionMs);
    return /version (\S+)/.exec(text)?.[1]?.replace(/[(,;]+$/, '');
  } catch {
    return undefined;
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
