import { describe, expect, it } from 'vitest';
import { RunControl } from './run-control';

function setUp() {
  const log: string[] = [];
  const control = new RunControl({
    run: () => void log.push('run'),
    async stop() {
      await new Promise((resolve) => setImmediate(resolve));
      log.push('stop');
    },
  });
  return { control, log };
}

describe('RunControl', () => {
  it('runs only while nobody holds the processor', async () => {
    const { control, log } = setUp();
    await control.release('not-started');
    expect(log).toEqual(['run']);
    await control.hold('person');
    await control.hold('problem');
    expect(log).toEqual(['run', 'stop']);
    await control.release('person');
    expect([log.length, control.holds('problem')]).toEqual([2, true]);
    await control.release('problem');
    expect(log).toEqual(['run', 'stop', 'run']);
  });

  it('does not start what was held again before it could', async () => {
    const { control, log } = setUp();
    void control.release('not-started');
    await control.hold('person');
    expect(log).toEqual([]);
  });

  it('stands still during an operation, and runs on even if that fails', async () => {
    const { control, log } = setUp();
    await control.release('not-started');
    const failing = control.during(() => {
      log.push('work');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(log).toEqual(['run', 'stop', 'work', 'run']);
  });
});
