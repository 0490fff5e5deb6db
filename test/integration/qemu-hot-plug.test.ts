import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Architecture, MachineConfig } from '@shared/machine/config';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { QmpClient } from '../../src/main/platform/qmp/qmp-client';
import { qemuArguments } from '../../src/main/processes/machine/engines/qemu/arguments/arguments';
import { HotPlug } from '../../src/main/processes/machine/engines/qemu/hot-plug';
import { planQemu } from '../../src/main/processes/machine/engines/qemu/plan';
import { socketsIn } from '../../src/main/processes/machine/engines/qemu/sockets';
import {
  pathsFor,
  testLaunch,
  testMachine,
} from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

/** Every board takes devices while it runs, at the places that they have at the next start; no guest is needed. */

const boards: { architecture: Architecture; guest: string; buses: ('virtio' | 'nvme' | 'scsi')[] }[] = [
  { architecture: 'i386', guest: 'freedos', buses: ['virtio', 'nvme'] },
  { architecture: 'x86_64', guest: 'debian', buses: ['virtio', 'nvme'] },
  { architecture: 'aarch64', guest: 'debian', buses: ['virtio', 'scsi'] },
  { architecture: 'riscv64', guest: 'debian', buses: ['virtio', 'scsi'] },
  { architecture: 'ppc64', guest: 'debian', buses: ['virtio', 'scsi'] },
  { architecture: 's390x', guest: 'debian', buses: ['virtio', 'scsi'] },
];

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder('plug'));
  for (const number of [0, 1])
    await createQcow2(join(folder, `disk${number}.qcow2`), { virtualSize: 2 ** 20 });
});
afterAll(() => remove());

describe.each(boards)('a board of $architecture', ({ architecture, guest, buses }) => {
  const binary = findProgram(`qemu-system-${architecture}`);
  const type = testLaunch(testMachine({ architecture, guest })).machineType;
  const usable =
    binary !== undefined && spawnSync(binary, ['-M', 'help'], { encoding: 'utf8' }).stdout.includes(type);
  if (!usable) sayWhySkipped(`devices that come to ${architecture}`, `no ${type} is installed`);

  it.skipIf(!usable)('takes disks and network cards while it runs', async () => {
    const { path: where, remove: removeSockets } = await temporaryFolder('s');
    const sockets = socketsIn(where);
    const config: MachineConfig = testMachine({
      architecture,
      guest,
      memoryMiB: 256,
      drives: [{ id: 'cd0', kind: 'cdrom', path: null }],
    });
    const plan = planQemu(config, pathsFor(config, folder, { binary: binary ?? '' }));
    const child = spawn(binary ?? '', qemuArguments(plan, sockets), {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    try {
      const client = await QmpClient.connect({ path: sockets.control });
      const lines: string[] = [];
      const hotPlug = new HotPlug(
        client,
        plan,
        () => {},
        (line) => lines.push(line),
        500,
      );
      for (const [number, bus] of buses.entries()) {
        const path = join(folder, `disk${number}.qcow2`);
        await hotPlug.addDisk({ id: `disk${number}`, path: `disk${number}.qcow2`, bus }, path);
      }
      const nic = { model: 'virtio', mac: '52:54:00:00:00:07', connected: false, network: null } as const;
      await hotPlug.addNic({ ...nic, id: 'nic7' }, join(where, 'n'));
      const blocks = await client.execute('query-blockstats', {});
      const images = blocks.map((block) => block['node-name']);
      expect(images).toEqual(expect.arrayContaining(['disk0-image', 'disk1-image']));
      const tree = await client.execute('human-monitor-command', { 'command-line': 'info qtree' });
      for (const id of ['disk0', 'disk1', 'nic7']) expect(tree).toContain(`id "${id}"`);
      // The SCSI bus needs no guest to let a disk go; the others wait for one.
      const removed = hotPlug.removeDisk('disk1');
      if (buses[1] === 'scsi') await removed;
      else await expect(removed).rejects.toMatchObject({ code: 'timeout' });
      expect(hotPlug.disks.map(({ id }) => id)).toEqual(buses[1] === 'scsi' ? ['disk0'] : ['disk0', 'disk1']);
      expect(lines).toEqual([]);
      await client.execute('quit', {});
      client.close();
    } finally {
      child.kill('SIGKILL');
      await gone;
      await removeSockets();
    }
  });
});
