import { arch, cpus, freemem, release, totalmem, type as osType, version as osVersion } from 'node:os';
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { Failure } from '@shared/errors';
import type { EngineStatus, FoundQemu, HostReport } from '@shared/host/report';
import { phrase } from '@shared/phrases/phrase';
import { freeSpace } from '../platform/disk-space';
import type { EngineCatalogue } from './engines';
import { collectFacts } from './facts';
import type { QemuHost } from './qemu/qemu-host';

const mebibyte = 1024 * 1024;
/** Runtimes whose versions are told, where they are there. */
const runtimes = ['node', 'electron', 'chrome', 'v8', 'uv', 'openssl'];

export interface HostServiceOptions {
  version: string;
  shell: 'electron' | 'browser';
  dataFolder: string;
  resourcesFolder: string;
  engines: EngineCatalogue;
  qemu?: Pick<QemuHost, 'facts' | 'checkFolder'>;
}

/** What this computer offers. */
export class HostService {
  constructor(private readonly options: HostServiceOptions) {}

  engines(): Promise<EngineStatus[]> {
    return this.options.engines.list();
  }

  /** What a folder has of QEMU, before it is chosen. @throws Failure `input.invalid`, `engine.not-found` */
  checkQemuFolder(path: string): Promise<FoundQemu[]> {
    const { qemu } = this.options;
    if (!qemu) throw new Failure('engine.not-found', phrase('engine.noSuchEngine', { engine: 'qemu' }));
    if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
    return qemu.checkFolder(path);
  }

  async report(): Promise<HostReport> {
    const { version, shell, dataFolder, resourcesFolder, engines, qemu } = this.options;
    const space = await freeSpace(dataFolder);
    const sources = {
      resourcesFolder,
      dataFolder,
      freeSpace: space,
      env: process.env,
      platform: process.platform,
    };
    const [os, engineList, facts, qemuFacts] = await Promise.all([
      osName(),
      engines.list(),
      collectFacts(sources),
      qemu?.facts() ?? [],
    ]);
    const processors = cpus();
    return {
      vivarium: version,
      shell,
      versions: Object.fromEntries(
        Object.entries(process.versions).filter((entry): entry is [string, string] => {
          const [name, value] = entry;
          return runtimes.includes(name) && value !== undefined;
        }),
      ),
      os,
      architecture: arch(),
      cpu: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
      memoryMiB: Math.round(totalmem() / mebibyte),
      freeMemoryMiB: Math.round(freemem() / mebibyte),
      dataFolder,
      freeSpace: space,
      engines: engineList,
      facts: [...facts, ...qemuFacts],
    };
  }
}

/** As people call it where that can be found out (os-release(5)), otherwise as the kernel calls itself. */
async function osName(): Promise<string> {
  try {
    const text = await readFile('/etc/os-release', 'utf8');
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(text)?.[1];
    if (name) return `${name} (${osType()} ${release()})`;
  } catch {
    // not a Linux with that file
  }
  return `${osVersion()} ${release()}`;
}
