import { spawn } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { isAlive } from './file-lock';
import { processGone } from './process-gone';

const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
afterEach(() => void child.kill('SIGKILL'));

it('waits for the end of a process, and not for ever', async () => {
  const { pid = 0 } = child;
  await processGone(pid, 20);
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await processGone(pid, 60_000);
  expect(isAlive(pid)).toBe(false);
  await processGone(pid, 60_000);
  await processGone(undefined, 60_000);
});
