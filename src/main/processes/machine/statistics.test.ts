import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateMeter, type Totals } from './statistics';

const disk = (id: string, readBytes: number): Totals['disks'][number] => ({
  id,
  readBytes,
  writeBytes: 0,
  reads: readBytes / 512,
  writes: 0,
});
const totals = (changes: Partial<Totals> = {}): Totals => ({
  cpu: 0,
  vcpus: [],
  pictures: 0,
  disks: [],
  nics: [],
  ...changes,
});

describe('rates', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are what was added, a second', () => {
    const meter = new RateMeter(totals({ cpu: 3, vcpus: [1, 2], disks: [disk('disk0', 1024)] }));
    vi.advanceTimersByTime(2000);
    const rates = meter.rates(totals({ cpu: 4, vcpus: [1.5, 2], disks: [disk('disk0', 5120)] }));
    expect(rates).toMatchObject({ cpu: 0.5, vcpus: [0.25, 0], diskReadBytes: 2048 });
    expect(rates.disks).toEqual([{ id: 'disk0', readBytes: 2048, writeBytes: 0, reads: 4, writes: 0 }]);
  });

  it('begin at zero for a disk that was plugged in, and never go below', () => {
    const meter = new RateMeter(totals({ disks: [disk('disk0', 4096)] }));
    vi.advanceTimersByTime(1000);
    const plugged = meter.rates(totals({ disks: [disk('disk0', 4096), disk('disk1', 512)] }));
    expect(plugged.disks.map(({ readBytes }) => readBytes)).toEqual([0, 512]);
    vi.advanceTimersByTime(1000);
    // Taken out, and another one put in its place.
    const replaced = meter.rates(totals({ disks: [disk('disk0', 0)] }));
    expect(replaced.disks).toHaveLength(1);
    expect(replaced.diskReadBytes).toBe(0);
  });

  it('know nothing yet of a processor that was just told', () => {
    const meter = new RateMeter(totals());
    vi.advanceTimersByTime(1000);
    expect(meter.rates(totals({ vcpus: [900] })).vcpus).toEqual([0]);
    vi.advanceTimersByTime(1000);
    expect(meter.rates(totals({ vcpus: [901] })).vcpus).toEqual([1]);
  });
});
