import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pingArguments, systemPing } from './ping';

describe('the system’s ping', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is asked for one answer by number, in the words of each system', () => {
    expect(pingArguments('203.0.113.9', 'linux')).toEqual(['-4', '-q', '-c', '1', '-W', '4', '203.0.113.9']);
    expect(pingArguments('2001:db8::9', 'linux')[0]).toBe('-6');
    expect(pingArguments('203.0.113.9', 'darwin')).toEqual([
      ...['-n', '-q', '-c', '1', '-t', '4'],
      '203.0.113.9',
    ]);
    expect(pingArguments('203.0.113.9', 'win32')).toEqual(['-4', '-n', '1', '-w', '4000', '203.0.113.9']);
  });

  it.skipIf(process.platform === 'win32')('is understood, and missed where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vivarium-ping-'));
    try {
      vi.stubEnv('PATH', folder);
      expect(await systemPing('203.0.113.9', 'linux')).toBe('impossible');
      const program = join(folder, 'ping');
      const result = async (script: string): Promise<string> => {
        await writeFile(program, `#!/bin/sh\n${script}\n`);
        await chmod(program, 0o755);
        return systemPing('203.0.113.9', 'linux');
      };
      expect(await result('[ "$7" = 203.0.113.9 ]')).toBe('answered');
      expect(await result('exit 1')).toBe('silent');
      expect(await result('exit 2')).toBe('impossible');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
