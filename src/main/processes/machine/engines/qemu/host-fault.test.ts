import { describe, expect, it } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import { HostFault } from './host-fault';

const full: ErrorValue = { code: 'file.no-space', message: 'The disk is full' };

describe('a fault of the host', () => {
  const begin = (): { fault: HostFault; told: ErrorValue[] } => {
    const told: ErrorValue[] = [];
    return { fault: new HostFault((problem) => told.push(problem)), told };
  };

  it('is told once, until the machine goes on', async () => {
    const { fault, told } = begin();
    fault.note(full);
    fault.note(full);
    expect(told).toEqual([full]);
    expect(() => fault.check()).toThrow(full.message);
    await fault.goOn(async () => {});
    expect(() => fault.check()).not.toThrow();
    fault.note(full);
    expect(told).toHaveLength(2);
  });

  it('that is still there is thrown by going on, also when it is told before the answer is there', async () => {
    const { fault, told } = begin();
    fault.note(full);
    const goingOn = fault.goOn(async () => {
      fault.note(full);
      // Several turns of the event loop: a rejection that nobody had taken by then would end the process.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    });
    await expect(goingOn).rejects.toMatchObject({ code: 'file.no-space' });
    expect(told).toHaveLength(1);
    expect(fault.current).toEqual(full);
  });

  it('is told as ever when going on failed for another reason', async () => {
    const { fault, told } = begin();
    fault.note(full);
    await expect(fault.goOn(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
    fault.note(full);
    expect(told).toHaveLength(2);
    const again = fault.goOn(() => {
      fault.note(full);
      return Promise.reject(new Error('no answer'));
    });
    await expect(again).rejects.toThrow('no answer');
    expect(told).toHaveLength(3);
  });
});
