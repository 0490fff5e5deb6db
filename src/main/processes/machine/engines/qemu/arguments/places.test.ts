import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '@shared/machine/config';
import { withDisk, withNic, withoutDevice } from '@shared/machine/devices';
import { planQemu } from '../plan';
import { socketsIn } from '../sockets';
import { pathsFor, testMachine } from '../testing/matrix';
import { qemuArguments } from './arguments';
import { nicDevice } from './network';
import { pluggableDisk } from './storage';

const sockets = socketsIn('/run/q');

/** The devices of a command line, by id, as QEMU is told of them. */
function devices(config: MachineConfig): Map<string, Record<string, unknown>> {
  const args = qemuArguments(planQemu(config, pathsFor(config, '/m')), sockets);
  const found = new Map<string, Record<string, unknown>>();
  args.forEach((arg, index) => {
    if (args[index - 1] !== '-device') return;
    const device = JSON.parse(arg) as Record<string, unknown>;
    found.set(device['id'] as string, device);
  });
  return found;
}

const architectures = ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x'] as const;
const pluggable = fc.record({
  architecture: fc.constantFrom(...architectures),
  // The oldest board of PCs as well.
  guest: fc.constantFrom('debian', 'freedos'),
  disks: fc.uniqueArray(fc.nat(7), { maxLength: 8 }),
  nics: fc.uniqueArray(fc.nat(7), { maxLength: 8 }),
  more: fc.constantFrom('disk', 'nic'),
});

describe('places on the buses', () => {
  it('are the same at the next start as for a device that was added to a running machine', () => {
    fc.assert(
      fc.property(pluggable, ({ architecture, guest, disks, nics, more }) => {
        let config = testMachine({ architecture, guest });
        for (const number of disks) {
          config = withDisk(config, { id: `disk${number}`, path: `d${number}.qcow2`, bus: 'virtio' });
        }
        for (const number of nics) {
          const mac = `52:54:00:00:00:0${number}`;
          config = withNic(config, {
            id: `nic${number}`,
            model: 'virtio',
            mac,
            connected: true,
            network: null,
          });
        }
        const all = devices(config);
        const places = [...all.values()].flatMap(({ bus, addr, devno }) =>
          addr !== undefined || devno !== undefined || String(bus).endsWith('-port')
            ? [JSON.stringify([bus, addr, devno])]
            : [],
        );
        expect(new Set(places).size).toBe(places.length);

        const id = `${more}${(more === 'disk' ? disks : nics)[0] ?? 0}`;
        const plan = planQemu(config, pathsFor(config, '/m'));
        const disk = plan.disks.find((one) => one.id === id);
        const nic = plan.nics.find((one) => one.id === id);
        if (disk) {
          const { bootIndex } = disk;
          expect(pluggableDisk({ id, bus: 'virtio', bootIndex }, plan.platform)).toEqual(all.get(id));
        }
        if (nic) {
          expect(JSON.parse(JSON.stringify(nicDevice(nic, plan.platform)))).toEqual(all.get(id));
        }
        // And nothing else moves when it goes.
        const rest = devices(withoutDevice(config, id));
        all.delete(id);
        expect([...rest]).toEqual([...all]);
      }),
    );
  });
});
