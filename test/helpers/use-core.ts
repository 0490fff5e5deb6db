import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { Core, CoreOptions } from '../../src/main/core';
import { buildMain, type BuiltMain, jobEnd, temporaryFolder, testCore, typeSerial } from './core';

/** A core with the real processes on a data folder of its own, for all tests of a file. */
export class CoreInUse {
  #core: Core | undefined;
  #built: BuiltMain | undefined;
  #dataFolder: string | undefined;

  constructor(private readonly options: Partial<CoreOptions>) {}

  get core(): Core {
    if (!this.#core) throw new Error('The core does not run yet');
    return this.#core;
  }

  get dataFolder(): string {
    if (this.#dataFolder === undefined) throw new Error('There is no data folder yet');
    return this.#dataFolder;
  }

  /** Of the built processes. */
  get mainFolder(): string {
    return this.#built?.folder ?? '';
  }

  /** Begins it; anew on the same data folder, after its `shutdown`. @param changes for this time */
  async begin(changes: Partial<CoreOptions> = {}): Promise<void> {
    this.#built ??= await buildMain();
    this.#dataFolder ??= await temporaryFolder();
    this.#core = await testCore(this.#built.folder, this.#dataFolder, { ...this.options, ...changes });
  }

  async end(): Promise<void> {
    await this.#core?.shutdown('power-off');
    await this.#built?.remove();
    if (this.#dataFolder !== undefined) await rm(this.#dataFolder, { recursive: true, force: true });
  }

  /** The job that was started, which has to succeed. */
  async done(started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> {
    const job = await jobEnd(this.core, await started);
    expect(job.error).toBeNull();
    expect(job.state).toBe('done');
    return job;
  }
}

/** At the top of a file: its core begins before its first test and ends after the last. */
export function useCore(options: Partial<CoreOptions> = {}): CoreInUse {
  const inUse = new CoreInUse(options);
  beforeAll(() => inUse.begin());
  afterAll(() => inUse.end());
  return inUse;
}

/** What is on the disks of running machines with the engine for tests, by the shell of its guest. */
export class DiskWords {
  /** A number whose multiple only appears when the shell has come to it, whatever is in the port’s history. */
  #mark = 12_345;

  constructor(private readonly inUse: Pick<CoreInUse, 'core'>) {}

  async write(id: string, word: string): Promise<void> {
    await typeSerial(this.inUse.core, id, `disk-write ${word}`, 'written');
    await this.#settled(id);
  }

  /** Undefined when nothing was written. */
  async read(id: string): Promise<string | undefined> {
    await typeSerial(this.inUse.core, id, 'disk-read', 'disk-read');
    return [...(await this.#settled(id)).matchAll(/disk=(\w*)/g)].at(-1)?.[1];
  }

  #settled(id: string): Promise<string> {
    this.#mark++;
    return typeSerial(this.inUse.core, id, `echo $((${this.#mark}*7))`, String(this.#mark * 7));
  }
}
