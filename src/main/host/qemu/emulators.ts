import { join } from 'node:path';
import { Failure, saidBy } from '@shared/errors';
import type { FoundQemu } from '@shared/host/report';
import type { Architecture } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import { emulatorsIn, findEmulators, type FoundEmulator } from './find-emulators';
import { Once } from './once';
import { type EmulatorFacts, emulatorFacts, queryEmulator } from './query-emulator';
import { fileKey, Remembered } from './remembered';

/** An emulator with what it says that it can do. */
export interface Emulator extends FoundEmulator {
  facts: EmulatorFacts;
}

export interface EmulatorSources {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  /** The folder that a person chose in the preferences, asked for whenever emulators are looked for. */
  chosenFolder?: () => string | null;
  /** `resources/qemu`. */
  bundled: string;
  /** For what was found out about emulators. */
  cacheFolder: string;
}

/** The emulators as they are on this computer now; only what one binary says is remembered. */
export class Emulators {
  readonly #facts: Remembered<EmulatorFacts>;
  readonly #once = new Once();

  constructor(private readonly sources: EmulatorSources) {
    this.#facts = new Remembered(join(sources.cacheFolder, 'qemu-emulators.json'), emulatorFacts);
  }

  /**
   * By the architectures that they can run, the first that works for each; `problems`: why one that would have come
   * before it, or the only one, cannot be used.
   */
  async find(): Promise<{ emulators: Map<Architecture, Emulator>; problems: Map<Architecture, Failure> }> {
    const { platform, env, bundled, chosenFolder } = this.sources;
    const found = await findEmulators({ platform, env, bundled, chosen: chosenFolder?.() ?? null });
    const emulators = new Map<Architecture, Emulator>();
    const problems = new Map<Architecture, Failure>();
    const architectures = [...new Set(found.map(({ architecture }) => architecture))];
    const asked = await Promise.all(
      architectures.map((wanted) =>
        this.#firstThatWorks(found.filter(({ architecture }) => architecture === wanted)),
      ),
    );
    architectures.forEach((architecture, index) => {
      const { emulator, problem } = asked[index] ?? {};
      if (emulator) emulators.set(architecture, emulator);
      if (problem) problems.set(architecture, problem);
    });
    // A 64-bit PC runs 32-bit systems where there is no emulator of its own for them.
    const wide = emulators.get('x86_64');
    if (wide && !emulators.has('i386')) emulators.set('i386', wide);
    return { emulators, problems };
  }

  /**
   * What a folder has, each emulator started and asked.
   * @throws Failure `engine.not-found` when there is none in it
   */
  async check(folder: string): Promise<FoundQemu[]> {
    const found = await emulatorsIn(folder, this.sources.platform);
    if (found.length === 0) {
      throw new Failure('engine.not-found', phrase('qemu.folderWithout', { path: folder }), {
        hint: phrase('qemu.folderHint'),
      });
    }
    return Promise.all(
      found.map(async ({ architecture, path }) => {
        try {
          const { version } = await this.#factsOf(path);
          return { architecture, path, version, problem: null };
        } catch (error) {
          return { architecture, path, version: null, problem: asFailure(error).toValue() };
        }
      }),
    );
  }

  /** `problem`: of the first that does not. */
  async #firstThatWorks(
    candidates: readonly FoundEmulator[],
  ): Promise<{ emulator?: Emulator; problem?: Failure }> {
    let problem: Failure | undefined;
    for (const one of candidates) {
      try {
        return { emulator: { ...one, facts: await this.#factsOf(one.path) }, ...(problem && { problem }) };
      } catch (error) {
        problem ??= asFailure(error);
      }
    }
    return problem ? { problem } : {};
  }

  async #factsOf(path: string): Promise<EmulatorFacts> {
    const key = await fileKey(path);
    return this.#once.ask(key, async () => {
      const known = await this.#facts.get(key);
      if (known) return known;
      const facts = await queryEmulator(path);
      await this.#facts.set(key, facts);
      return facts;
    });
  }
}

function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure('engine.failed', saidBy(error));
}
