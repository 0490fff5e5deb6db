import { expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { commands, type Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import { whileStill } from './gate';

it('lets pass what only looks, and everything again afterwards', () => {
  let moving = true;
  const asked: string[] = [];
  const handlers = Object.fromEntries(
    Object.keys(commands).map((name) => [name, () => void asked.push(name)]),
  ) as unknown as Handlers<Commands>;
  const guarded = whileStill(handlers, () => {
    if (moving) throw new Failure('library.moving', 'It is being moved.');
  }) as unknown as Record<string, () => void>;
  expect(Object.keys(guarded)).toEqual(Object.keys(commands));

  const refused = Object.entries(guarded).flatMap(([name, call]) => {
    try {
      call();
      return [];
    } catch (error) {
      expect(error).toMatchObject({ code: 'library.moving' });
      return [name];
    }
  });
  for (const name of ['machine.start', 'machine.create', 'preferences.set', 'disks.compact', 'network.edit'])
    expect(refused).toContain(name);
  for (const name of ['machine.list', 'job.cancel', 'app.quit', 'app.info']) expect(asked).toContain(name);
  // What has such a name changes something, whoever adds it.
  for (const name of asked)
    expect(name).not.toMatch(/\.(add|remove|change|create|delete|edit|save|start|stop|take|move)([A-Z]|$)/);

  moving = false;
  for (const call of Object.values(guarded)) call();
  expect(new Set(asked).size).toBe(Object.keys(commands).length);
});
