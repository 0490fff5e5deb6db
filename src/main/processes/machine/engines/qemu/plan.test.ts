import { describe, expect, it } from 'vitest';
import { newestType, platformFor } from '@shared/engine/qemu/platform';
import { processorFor } from '@shared/engine/qemu/processor';
import { planQemu } from './plan';
import { pathsFor, testMachine } from './testing/matrix';

const plan = (...args: Parameters<typeof pathsFor>) => planQemu(args[0], pathsFor(...args));

describe('a plan for QEMU', () => {
  it('needs a QEMU', () => {
    const config = testMachine({});
    expect(() => planQemu(config, { ...pathsFor(config, '/m'), qemu: undefined })).toThrow(/No QEMU/);
  });

  it('refuses what this QEMU or board cannot do, with the reason', () => {
    const refused: [Parameters<typeof testMachine>[0], Parameters<typeof pathsFor>[2], RegExp][] = [
      [{ architecture: 'aarch64' }, { architecture: 'x86_64' }, /runs x86_64 systems/],
      [{ cpus: 300 }, {}, /at most 255 processors/],
      [{ architecture: 'aarch64', acpi: false }, {}, /Only a PC can do without ACPI/],
      [{ firmware: 'uefi' }, { firmware: null }, /no UEFI/],
      [{ architecture: 's390x', serialPorts: 2 }, {}, /at most 1 serial/],
      [{ architecture: 'aarch64', disks: [{ id: 'disk0', path: 'd.qcow2', bus: 'ide' }] }, {}, /IDE/],
      [{ architecture: 's390x', disks: [{ id: 'disk0', path: 'd.qcow2', bus: 'nvme' }] }, {}, /nvme/],
      [{ architecture: 'aarch64', drives: [{ id: 'floppy0', kind: 'floppy', path: '/f' }] }, {}, /floppy/],
      [{}, { machineType: 'microvm' }, /none that is used here/],
    ];
    for (const [changes, launch, reason] of refused) {
      expect(() => plan(testMachine(changes), '/m', launch), reason.source).toThrow(reason);
    }
  });

  it('tries devices in the order that was asked for, and the rest last', () => {
    const { disks, cdroms, floppies, nics } = plan(
      testMachine({
        guest: 'freedos',
        boot: ['network', 'cdrom'],
        disks: [
          { id: 'disk0', path: 'a.qcow2', bus: 'ide' },
          { id: 'disk1', path: 'b.img', bus: 'ide' },
        ],
        drives: [
          { id: 'cd0', kind: 'cdrom', path: null },
          { id: 'floppy0', kind: 'floppy', path: null },
        ],
        nics: [{ id: 'nic0', model: 'e1000', mac: '52:54:00:00:00:01', connected: true, network: null }],
      }),
      '/m',
    );
    const order = [...disks, ...cdroms, ...floppies, ...nics]
      .sort((a, b) => (a.bootIndex ?? 0) - (b.bootIndex ?? 0))
      .map(({ id }) => id);
    expect(order).toEqual(['nic0', 'cd0', 'disk0', 'disk1', 'floppy0']);
  });

  it('puts a CD before the disks on IBM Z, whose firmware looks at one device only', () => {
    const first = (
      path: string | null,
      boot: ('disk' | 'cdrom')[] = ['disk', 'cdrom'],
    ): string | undefined => {
      const { disks, cdroms } = plan(
        testMachine({
          architecture: 's390x',
          boot,
          disks: [{ id: 'disk0', path: 'a.qcow2', bus: 'virtio' }],
          drives: [{ id: 'cd0', kind: 'cdrom', path }],
        }),
        '/m',
      );
      return [...disks, ...cdroms].sort((a, b) => a.bootIndex - b.bootIndex)[0]?.id;
    };
    expect(first('/cd.iso')).toBe('cd0');
    expect(first(null)).toBe('disk0');
    expect(first('/cd.iso', ['disk'])).toBe('disk0');
  });

  it('never looks at an image to tell its format', () => {
    const config = testMachine({
      disks: [
        { id: 'disk0', path: 'a.QCOW2', bus: 'virtio' },
        { id: 'disk1', path: 'b.img', bus: 'virtio' },
      ],
    });
    expect(plan(config, '/m').disks.map(({ format }) => format)).toEqual(['qcow2', 'raw']);
  });

  it('gives a machine the same UUID at every start, and another one to each', () => {
    const one = plan(testMachine({}), '/m').uuid;
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(plan(testMachine({ name: 'other' }), '/elsewhere').uuid).toBe(one);
    expect(plan(testMachine({ id: 'abcdefgh12345679' }), '/m').uuid).not.toBe(one);
  });
});

describe('the arrangement of processors', () => {
  const arranged = (changes: Parameters<typeof testMachine>[0]) => plan(testMachine(changes), '/m').topology;

  it('is one socket with cores, unless something else was chosen', () => {
    expect(arranged({ cpus: 3 })).toEqual({ sockets: 1, cores: 3, threads: 1 });
    const topology = { sockets: 2, cores: 2, threads: 2 };
    expect(arranged({ cpus: 8, topology })).toEqual(topology);
  });

  it('is refused when it does not come to the number of processors, or the board has no threads', () => {
    const topology = { sockets: 1, cores: 2, threads: 2 };
    expect(() => arranged({ cpus: 3, topology })).toThrow(/are not 3 processors/);
    expect(() => arranged({ cpus: 4, topology, architecture: 'aarch64' })).toThrow(/cores with threads/);
  });
});

describe('choosing hardware', () => {
  it('takes the newest version of a board', () => {
    const types = ['pc-q35-2.12', 'pc-q35-7.2', 'pc-q35-10.0', 'pc-i440fx-9.1', 'q35', 'pc-q35-rhel9.2.0'];
    expect(newestType('pc-q35', types)).toBe('pc-q35-10.0');
    expect(newestType('virt', types)).toBeNull();
    expect(newestType('virt', ['virt', 'spike'])).toBe('virt');
  });

  it('gives old systems and IDE disks an old board', () => {
    expect(platformFor(testMachine({ guest: 'debian' }))).toBe('pc-q35');
    expect(platformFor(testMachine({ guest: 'msdos' }))).toBe('pc-i440fx');
    const disks = [{ id: 'disk0', path: 'a', bus: 'ide' as const }];
    expect(platformFor(testMachine({ disks }))).toBe('pc-i440fx');
    expect(platformFor(testMachine({ disks, firmware: 'uefi' }))).toBe('pc-q35');
  });

  it('chooses processors by the rule', () => {
    expect(processorFor('kvm', 'pc-q35', 'x64', true)).toEqual({ cpuModel: 'host', acceleratorOptions: '' });
    // QEMU for Windows was built without a model of that name.
    expect(processorFor('whpx', 'pc-q35', 'x64', true)).toEqual({ cpuModel: 'max', acceleratorOptions: '' });
    expect(processorFor('tcg', 'pc-q35', 'x64', true)).toEqual({
      cpuModel: 'max',
      acceleratorOptions: ',thread=multi',
    });
    expect(processorFor('tcg', 'pc-q35', 'arm64', true)).toEqual({ cpuModel: 'max', acceleratorOptions: '' });
    expect(processorFor('tcg', 'virt', 'arm64', true).acceleratorOptions).toBe(',thread=multi');
    expect(processorFor('tcg', 'virt', 'x64', false).cpuModel).toBe('default');
    expect(processorFor('tcg', 's390-ccw-virtio', 'x64', true).cpuModel).toBe('default');
    expect(processorFor('tcg', 'virt', 'x64', false, 'cortex-a72').cpuModel).toBe('cortex-a72');
    expect(processorFor('kvm', 'pc-q35', 'x64', true, 'Haswell').cpuModel).toBe('Haswell');
  });
});
