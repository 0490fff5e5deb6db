import { readdir, truncate } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { EngineRig } from './engine-rig';

/** A machine goes on from a saved state, or is refused. */
export function engineSavedState(rig: EngineRig): void {
  it('saves its state and goes on from it in a new instance', async () => {
    const { machine, guest } = await rig.boot();
    await guest.addOnDisk();
    await expect.poll(() => guest.counter()).toBeGreaterThan(0);
    const before = await guest.counter();
    await machine.pause();
    const savedState = await rig.save(machine);
    await machine.powerOff();

    const again = await rig.launch({ savedState });
    expect(await again.guest.counter()).toBeGreaterThanOrEqual(before);
    expect(again.terminal.text).not.toContain('ready');
    expect(await again.guest.addOnDisk()).toBe(2);
    expect(await readdir(rig.folder)).not.toContain('state.viv');
  });

  it('stays paused after saving, and can be resumed', async () => {
    const { machine, guest } = await rig.boot();
    await machine.pause();
    await rig.save(machine);
    await machine.resume();
    expect(await guest.multiply(5, 5)).toBe(25);
  });

  it('refuses a damaged saved state, and changes nothing', async () => {
    const { machine } = await rig.boot();
    await machine.pause();
    const savedState = await rig.save(machine);
    await machine.powerOff();
    await truncate(savedState, 100);
    await expect(rig.launch({ savedState })).rejects.toMatchObject({ code: 'saved-state.corrupt' });
    expect(await readdir(rig.folder)).toContain('state.viv');
    expect(rig.images.open).toBe(0);
  });

  it('refuses the saved state of other hardware', async () => {
    const { machine } = await rig.boot();
    await machine.pause();
    const savedState = await rig.save(machine);
    await machine.powerOff();
    rig.config = { ...rig.config, memoryMiB: rig.config.memoryMiB * 2 };
    await expect(rig.launch({ savedState })).rejects.toMatchObject({ code: 'saved-state.mismatch' });
  });
}
