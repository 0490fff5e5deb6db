import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { BlockDevice } from '../../../../disks/block-device';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import { testConfig, testPaths } from '../../../../../../test/helpers/machine-config';
import { MediaDrives } from './media';
import { planQemu } from './plan';
import { testLaunch } from './testing/matrix';

/** The drives and nodes of a QEMU that refuses one command, once. */
class Monitor {
  readonly nodes = new Set(['cd0-medium']);
  inserted: string | null = 'cd0-medium';
  open = false;

  constructor(private refused: string | undefined) {}

  async execute(name: string, params: Record<string, string>): Promise<unknown> {
    if (name === this.refused) {
      this.refused = undefined;
      throw new Failure('engine.failed', `QEMU refuses ${name}`);
    }
    const node = params['node-name'] ?? '';
    if (name === 'blockdev-add') this.nodes.add(node);
    if (name === 'blockdev-open-tray') this.open = true;
    if (name === 'blockdev-close-tray') this.open = false;
    if (name === 'blockdev-remove-medium') this.inserted = null;
    if (name === 'blockdev-insert-medium') this.inserted = node;
    if (name === 'blockdev-del') {
      if (this.inserted === node) throw new Failure('engine.failed', 'in use');
      this.nodes.delete(node);
    }
    return {};
  }
}

const config = testConfig({
  engine: 'qemu',
  drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
});
const paths = testPaths('/m', {
  disks: Object.fromEntries(config.disks.map(({ id }) => [id, `/m/${id}.img`])),
  drives: { cd0: '/m/first.iso' },
  qemu: testLaunch(config, {}),
});
const image = { close: async () => {} } as BlockDevice;
const drivesOf = (monitor: Monitor): MediaDrives =>
  new MediaDrives(
    planQemu(config, paths),
    monitor as unknown as Pick<QmpClient, 'execute'>,
    { disk: async () => image, medium: async () => image },
    () => {},
  );

describe('changing a medium', () => {
  it('closes the old one when the new one is in the drive', async () => {
    const monitor = new Monitor(undefined);
    const drives = drivesOf(monitor);
    await drives.change('cd0', '/m/second.iso');
    expect(monitor).toMatchObject({ inserted: 'cd0-medium-1', open: false });
    expect([...monitor.nodes]).toEqual(['cd0-medium-1']);
    await drives.change('cd0', null);
    expect(monitor).toMatchObject({ inserted: null, open: false });
    expect([...monitor.nodes]).toEqual([]);
  });

  it.each(['blockdev-open-tray', 'blockdev-remove-medium', 'blockdev-insert-medium'])(
    'leaves the old one in the drive when QEMU refuses %s',
    async (refused) => {
      const monitor = new Monitor(refused);
      const drives = drivesOf(monitor);
      await expect(drives.change('cd0', '/m/second.iso')).rejects.toMatchObject({ code: 'engine.failed' });
      expect(monitor).toMatchObject({ inserted: 'cd0-medium', open: false });
      expect([...monitor.nodes]).toEqual(['cd0-medium']);
      await drives.change('cd0', '/m/second.iso');
      expect(monitor.inserted).toBe('cd0-medium-2');
    },
  );
});
