import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { withFrozenDisks } from './frozen-disks';

const limits = { freeze: 30, again: 1 };

/** A guest that notes what it is asked to do. */
class Guest {
  readonly log: string[] = [];
  frozen = false;
  refusals = 0;

  constructor(private readonly kind: 'willing' | 'without' | 'silent' | 'slow') {}

  async freezeDisks(): Promise<boolean> {
    this.log.push('freeze');
    if (this.kind === 'without') return false;
    if (this.kind === 'silent') throw new Failure('timeout', 'No answer');
    if (this.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 80));
    this.frozen = true;
    return true;
  }

  async thawDisks(): Promise<void> {
    this.log.push('thaw');
    if (this.refusals-- > 0) throw new Failure('timeout', 'No answer');
    this.frozen = false;
  }
}

const take = (guest: Guest, told: string[] = []) =>
  withFrozenDisks(
    guest,
    (line) => told.push(line),
    async () => {
      guest.log.push(guest.frozen ? 'task, frozen' : 'task');
      return 7;
    },
    limits,
  );

describe('withFrozenDisks', () => {
  it('freezes before and thaws after', async () => {
    const guest = new Guest('willing');
    expect(await take(guest)).toEqual({ result: 7, frozen: true });
    expect(guest.log).toEqual(['freeze', 'task, frozen', 'thaw']);
  });

  it('does without where nobody can, and where the engine does not know of it', async () => {
    const guest = new Guest('without');
    expect(await take(guest)).toEqual({ result: 7, frozen: false });
    expect(guest.log).toEqual(['freeze', 'task']);
    expect(
      await withFrozenDisks(
        {},
        () => {},
        async () => 1,
      ),
    ).toEqual({ result: 1, frozen: false });
  });

  it('thaws when the task fails', async () => {
    const guest = new Guest('willing');
    const failing = withFrozenDisks(
      guest,
      () => {},
      () => Promise.reject(new Error('full')),
      limits,
    );
    await expect(failing).rejects.toThrow('full');
    expect(guest.frozen).toBe(false);
  });

  it('thaws a guest that did not say whether it froze', async () => {
    const guest = new Guest('silent');
    const told: string[] = [];
    expect(await take(guest, told)).toEqual({ result: 7, frozen: false });
    expect(guest.log).toEqual(['freeze', 'task', 'thaw']);
    expect(told.join()).toContain('No answer');
  });

  it('does not wait for one that takes too long', async () => {
    const guest = new Guest('slow');
    const told: string[] = [];
    expect(await take(guest, told)).toEqual({ result: 7, frozen: false });
    expect(told).toEqual(['The guest did not freeze its file systems within 0.03 seconds.']);
    expect(guest.log).toEqual(['freeze', 'task', 'thaw']);
  });

  it('tries again until the guest is thawed, without holding up the caller for ever', async () => {
    const guest = new Guest('willing');
    guest.refusals = 8;
    const told: string[] = [];
    expect(await take(guest, told)).toEqual({ result: 7, frozen: true });
    expect(told).toHaveLength(3);
    await expect.poll(() => guest.frozen).toBe(false);
  });
});
