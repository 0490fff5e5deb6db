import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostedProcess, ProcessExit, ProcessHost } from './process-host';
import { keepReady } from './ready-process';

interface Started {
  entry: string;
  label: string;
  end: () => void;
  process: HostedProcess;
}

describe('a process that is kept ready', () => {
  let started: Started[];
  const host: ProcessHost = {
    start(entry, label) {
      let end = (): void => {};
      const exited = new Promise<ProcessExit>((resolve) => {
        end = () => resolve({ code: 1, signal: null });
      });
      const process = { exited } as HostedProcess;
      started.push({ entry, label, end, process });
      return process;
    },
  };
  beforeEach(() => {
    started = [];
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());

  it('is given to the next who wants one, and another one follows when all is quiet', () => {
    const ready = keepReady(host, 'machine-process', 100);
    expect(started).toHaveLength(0);
    vi.advanceTimersByTime(100);
    expect(started).toMatchObject([{ entry: 'machine-process' }]);
    expect(ready.start('machine-process', 'A')).toBe(started[0]?.process);
    expect(started).toHaveLength(1);
    vi.advanceTimersByTime(99);
    // Nobody waits for one that is not there yet.
    expect(ready.start('machine-process', 'B')).toBe(started[1]?.process);
    expect(started[1]?.label).toBe('B');
    vi.advanceTimersByTime(99);
    expect(started).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(started).toHaveLength(3);
    vi.advanceTimersByTime(10_000);
    expect(started).toHaveLength(3);
  });

  it('is only for its entry', () => {
    const ready = keepReady(host, 'machine-process', 100);
    vi.advanceTimersByTime(100);
    expect(ready.start('worker-process', 'check')).toBe(started[1]?.process);
    expect(started[1]).toMatchObject({ entry: 'worker-process', label: 'check' });
    expect(ready.start('machine-process', 'A')).toBe(started[0]?.process);
  });

  it('is not given away when it has ended, and is not started again and again', async () => {
    const ready = keepReady(host, 'machine-process', 100);
    vi.advanceTimersByTime(100);
    started[0]?.end();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started).toHaveLength(1);
    expect(ready.start('machine-process', 'A')).toBe(started[1]?.process);
    vi.advanceTimersByTime(100);
    expect(started).toHaveLength(3);
  });
});
