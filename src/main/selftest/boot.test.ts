import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { v86Capabilities } from '@shared/engine/engines';
import { Failure } from '@shared/errors';
import { temporaryFolder } from '../../../test/helpers/temp-folder';
import type { MachinesContext } from '../machines/context';
import { bootSelftest } from './boot';

it('boots nothing when it was cancelled while its machine was being made', async () => {
  const folder = await temporaryFolder('selftest');
  try {
    const iso = join(folder.path, 'linux.iso');
    await writeFile(iso, Buffer.alloc(4096, 1));
    let started = 0;
    const context = {
      biosFolder: folder.path,
      engine: () => Promise.resolve({ capabilities: v86Capabilities, available: true, problem: null }),
      processHost: {
        start: () => {
          started++;
          throw new Error('A machine was started');
        },
      },
    } as unknown as MachinesContext;
    const abort = new AbortController();
    const cancelled = new Failure('cancelled', 'It was cancelled.');
    const control = {
      signal: abort.signal,
      progress: () => abort.abort(cancelled), // told first when the machine is there
    };
    await expect(bootSelftest('v86', iso, context, control)).rejects.toBe(cancelled);
    expect(started).toBe(0);
  } finally {
    await folder.remove();
  }
});
