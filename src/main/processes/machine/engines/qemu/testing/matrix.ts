import type { FlashFirmware, QemuLaunch } from '@shared/engine/qemu/launch';
import { type Platform, platformFor } from '@shared/engine/qemu/platform';
import { processorFor } from '@shared/engine/qemu/processor';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { Architecture, DiskConfig, MachineConfig } from '@shared/machine/config';

/** Configurations over architectures, boards, firmware and devices, for tests of the command line. */
export interface MatrixCase {
  name: string;
  config: MachineConfig;
  paths: LaunchPaths;
}

const base: MachineConfig = {
  schema: 1,
  id: 'abcdefgh12345678',
  name: 'Test machine',
  created: '2026-01-01T00:00:00.000Z',
  notes: '',
  engine: 'qemu',
  architecture: 'x86_64',
  guest: 'debian',
  memoryMiB: 128,
  cpus: 1,
  boot: ['disk', 'cdrom', 'floppy'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 16,
  sound: false,
  serialPorts: 1,
  disks: [],
  drives: [],
  nics: [],
};

const versions: Record<Platform, string> = {
  'pc-i440fx': 'pc-i440fx-7.2',
  'pc-q35': 'pc-q35-7.2',
  virt: 'virt-7.2',
  pseries: 'pseries-7.2',
  's390-ccw-virtio': 's390-ccw-virtio-7.2',
};

/** UEFI as Debian has it. */
const flash: Partial<Record<Architecture, FlashFirmware>> = {
  x86_64: {
    code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
    codeFormat: 'raw',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
    variablesFormat: 'raw',
    systemManagement: false,
  },
  aarch64: {
    code: '/usr/share/AAVMF/AAVMF_CODE.fd',
    codeFormat: 'raw',
    variables: '/usr/share/AAVMF/AAVMF_VARS.fd',
    variablesFormat: 'raw',
    systemManagement: false,
  },
};

/** What a host with QEMU 7.2 gives a machine. */
export function testLaunch(config: MachineConfig, changes: Partial<QemuLaunch> = {}): QemuLaunch {
  const { architecture } = config;
  const platform = platformFor(config);
  const unversioned = architecture === 'riscv64';
  const accelerator = changes.accelerator ?? 'tcg';
  return {
    binary: `/usr/bin/qemu-system-${architecture}`,
    version: '7.2.22',
    architecture,
    dataFolder: null,
    machineType: unversioned ? 'virt' : versions[platform],
    maxCpus: 255,
    accelerator,
    ...processorFor(accelerator, platform, 'x64', architecture !== 'riscv64'),
    devices: ['VGA', 'virtio-vga', 'qemu-xhci'],
    characterDevices: ['socket', 'qemu-vdagent'],
    sandbox: true,
    firmware: config.firmware === 'uefi' ? (flash[architecture] ?? null) : null,
    nicSockets: {},
    ...changes,
  };
}

export function testMachine(changes: Partial<MachineConfig>): MachineConfig {
  return { ...base, ...changes };
}

/** Disks at `folder/disks`, media at `folder/media`. */
export function pathsFor(
  config: MachineConfig,
  folder: string,
  launch: Partial<QemuLaunch> = {},
  changes: Partial<LaunchPaths> = {},
): LaunchPaths {
  return {
    folder,
    bios: `${folder}/bios`,
    disks: Object.fromEntries(config.disks.map(({ id, path }) => [id, `${folder}/${path}`])),
    drives: Object.fromEntries(config.drives.flatMap(({ id, path }) => (path === null ? [] : [[id, path]]))),
    savedState: null,
    qemu: testLaunch(config, launch),
    ...changes,
  };
}

const disk = (number: number, bus: DiskConfig['bus'], extension = 'qcow2'): DiskConfig => ({
  id: `disk${number}`,
  path: `disks/disk${number}.${extension}`,
  bus,
});
const nic = (number: number, model: MachineConfig['nics'][number]['model']) => ({
  id: `nic${number}`,
  model,
  mac: `52:54:00:00:00:0${number}`,
  connected: true,
  network: null,
});

/** @param folder where images lie; a test that starts QEMU makes them there */
export function matrix(folder: string): MatrixCase[] {
  const cases: MatrixCase[] = [];
  const add = (
    name: string,
    changes: Partial<MachineConfig>,
    launch: Partial<QemuLaunch> = {},
    paths: Partial<LaunchPaths> = {},
  ): void => {
    const config = testMachine(changes);
    cases.push({ name, config, paths: pathsFor(config, folder, launch, paths) });
  };
  const sounding = { audio: { driver: 'wav', path: `${folder}/a, tone.wav` } } as const;
  const cd = { id: 'cd0', kind: 'cdrom' as const, path: `${folder}/media/cd.iso` };
  const emptyCd = { ...cd, path: null };
  const floppy = { id: 'floppy0', kind: 'floppy' as const, path: `${folder}/media/floppy.img` };
  const emptyFloppy = { ...floppy, path: null };

  for (const architecture of ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64', 's390x'] as const) {
    add(`${architecture}: nothing but the board`, { architecture, serialPorts: 0, guest: 'other' });
    add(`${architecture}: a Linux with everything usual`, {
      architecture,
      disks: [disk(0, 'virtio')],
      drives: [cd, emptyFloppy],
      nics: [nic(0, 'virtio')],
    });
    add(`${architecture}: disks on SCSI`, { architecture, disks: [disk(0, 'scsi'), disk(1, 'scsi', 'img')] });
    add(`${architecture}: two processors, network first`, {
      architecture,
      cpus: 2,
      boot: ['network', 'disk'],
      nics: [nic(0, 'virtio'), nic(1, 'virtio')],
    });
    add(
      `${architecture}: goes on from a saved state`,
      { architecture },
      {},
      { savedState: `${folder}/state.viv` },
    );
  }
  for (const architecture of ['i386', 'x86_64'] as const) {
    for (const bus of ['ide', 'sata', 'nvme', 'virtio', 'scsi'] as const) {
      add(`${architecture}: a disk on ${bus}, CD and floppy`, {
        architecture,
        disks: [disk(0, bus)],
        drives: [cd, floppy],
      });
    }
    for (const model of ['e1000', 'ne2k'] as const) {
      add(`${architecture}: network card ${model}, unplugged`, {
        architecture,
        nics: [{ ...nic(0, model), connected: false }],
      });
    }
    add(`${architecture}: four serial ports`, { architecture, serialPorts: 4 });
    add(`${architecture}: DOS`, {
      architecture,
      guest: 'freedos',
      acpi: false,
      boot: ['floppy', 'disk'],
      disks: [disk(0, 'ide', 'img')],
      drives: [emptyCd, floppy, { ...emptyFloppy, id: 'floppy1' }],
      nics: [nic(0, 'ne2k')],
      serialPorts: 0,
    });
    add(`${architecture}: Windows`, {
      architecture,
      guest: 'windows',
      memoryMiB: 256,
      disks: [disk(0, 'sata')],
      drives: [cd],
      nics: [nic(0, 'e1000')],
      serialPorts: 0,
    });
    add(`${architecture}: Windows 98`, {
      architecture,
      guest: 'windows-9x',
      acpi: false,
      disks: [disk(0, 'ide')],
    });
    add(`${architecture}: Windows XP`, {
      architecture,
      guest: 'windows-nt',
      disks: [disk(0, 'ide')],
      drives: [cd],
      nics: [nic(0, 'ne2k')],
      serialPorts: 0,
    });
    add(`${architecture}: an old Linux`, { architecture, guest: 'linux-old', disks: [disk(0, 'ide')] });
    add(`${architecture}: FreeBSD`, {
      architecture,
      guest: 'freebsd',
      disks: [disk(0, 'virtio')],
      drives: [cd],
    });
    add(`${architecture}: many disks`, {
      architecture,
      disks: [
        disk(0, 'sata'),
        disk(1, 'sata'),
        disk(2, 'virtio'),
        disk(3, 'scsi'),
        disk(4, 'nvme'),
        disk(5, 'sata'),
      ],
      drives: [cd, { ...emptyCd, id: 'cd1' }],
    });
    add(
      `${architecture}: IDE beside a pinned Q35`,
      { architecture, disks: [disk(0, 'ide'), disk(1, 'ide')] },
      {
        machineType: 'pc-q35-7.2',
      },
    );
    add(`${architecture}: odd video memory`, { architecture, guest: 'other', videoMemoryMiB: 9 });
  }
  for (const architecture of ['x86_64', 'aarch64'] as const) {
    const firmware = 'uefi' as const;
    add(`${architecture}: UEFI`, { architecture, firmware, disks: [disk(0, 'virtio')], drives: [cd] });
    add(
      `${architecture}: UEFI, state saved`,
      { architecture, firmware },
      {},
      { savedState: `${folder}/state.viv` },
    );
    add(`${architecture}: UEFI with NVMe`, {
      architecture,
      firmware,
      disks: [disk(0, 'nvme'), disk(1, 'sata')],
    });
  }
  add(
    'x86_64: UEFI with Secure Boot',
    { firmware: 'uefi', secureBoot: true, disks: [disk(0, 'virtio')] },
    {
      firmware: {
        code: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd',
        codeFormat: 'raw',
        variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
        variablesFormat: 'raw',
        systemManagement: true,
      },
    },
  );
  const bootLoader = '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf';
  add(
    'riscv64: a CD, started by U-Boot',
    {
      architecture: 'riscv64',
      firmware: 'uefi',
      disks: [disk(0, 'virtio')],
      drives: [cd, { ...emptyCd, id: 'cd1' }],
    },
    { bootLoader },
  );
  for (const architecture of ['i386', 'x86_64', 'aarch64', 'riscv64', 'ppc64'] as const) {
    add(
      `${architecture}: sound, and a clipboard for both`,
      { architecture, sound: true, clipboard: 'both' },
      sounding,
    );
  }
  for (const guest of ['freedos', 'windows-9x', 'windows-nt', 'windows']) {
    add(`x86_64: sound and clipboard for ${guest}`, { guest, sound: true, clipboard: 'host-to-guest' });
  }
  add('s390x: a clipboard', { architecture: 's390x', clipboard: 'guest-to-host' });
  add('x86_64: a TPM', { firmware: 'uefi', tpm: true }, { tpmEmulator: '/usr/bin/swtpm' });
  add('aarch64: a TPM', { architecture: 'aarch64', tpm: true }, { tpmEmulator: '/usr/bin/swtpm' });
  add('aarch64: sixteen processors', { architecture: 'aarch64', cpus: 16, guest: 'fedora' });
  add('x86_64: hardware acceleration', {}, { accelerator: 'kvm' });
  add(
    'aarch64: hardware acceleration',
    { architecture: 'aarch64' },
    { accelerator: 'hvf', binary: '/opt/homebrew/bin/qemu-system-aarch64', sandbox: false },
  );
  add(
    'x86_64: an old build without sandbox and clipboard',
    {},
    { sandbox: false, characterDevices: ['socket'], devices: ['VGA'] },
  );
  add('x86_64: a QEMU of its own', {}, { dataFolder: '/opt/vivarium/resources/qemu/share' });
  add(
    'x86_64: a cable to a switch',
    { nics: [nic(0, 'virtio')] },
    { nicSockets: { nic0: `${folder}/switch,1.sock` } },
  );
  add('x86_64: a name, with = and “commas”, 名前 🖥', { name: "a, b=c,guest=x “q” 's' \\ 名前 🖥" });
  add('x86_64: the guest is unknown', { guest: 'something-new', disks: [disk(0, 'virtio')] });
  return cases;
}
