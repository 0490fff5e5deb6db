import { fakeCapabilities, v86Capabilities } from '@shared/engine/engines';
import type { GalleryItem } from '@shared/gallery/entry';
import type { HostReport } from '@shared/host/report';
import type { MachineConfig } from '@shared/machine/config';
import type { MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** Machines, systems and a computer to look at: one of every state and every kind. */

export function machine(index: number, name: string, state: MachineState, guest: string): MachineSummary {
  const id = `m${String(index).padStart(15, '0')}`;
  const config: MachineConfig = {
    schema: 1,
    id,
    name,
    created: '2026-05-01T08:00:00.000Z',
    notes: index === 1 ? 'For trying things out.\nThe root password is empty.' : '',
    engine: 'v86',
    architecture: 'i386',
    guest,
    memoryMiB: 256 * (1 + (index % 4)),
    cpus: 1,
    boot: ['disk', 'cdrom'],
    firmware: 'bios',
    acpi: true,
    videoMemoryMiB: 16,
    sound: false,
    serialPorts: 1,
    disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
    drives: [
      { id: 'cd0', kind: 'cdrom', path: '/home/person/images/starter-linux.iso' },
      { id: 'floppy0', kind: 'floppy', path: null },
    ],
    nics: [{ id: 'nic0', model: 'virtio', mac: '52:54:00:12:34:56', connected: true, network: null }],
  };
  const running = ['running', 'paused', 'starting', 'stopping', 'saving'].includes(state);
  return {
    id,
    name,
    folder: `/home/person/.local/share/vivarium/machines/${guest}-${id.slice(0, 8)}`,
    state,
    config,
    inaccessible: false,
    problem: null,
    runtime: running
      ? {
          pid: 4000 + index,
          startedAt: '2026-05-20T09:00:00.000Z',
          pointer: 'relative',
          screen: { width: 720, height: 400, text: true },
        }
      : null,
    savedAt: state === 'saved' ? '2026-05-19T17:30:00.000Z' : null,
  };
}

export function machines(): MachineSummary[] {
  const broken = machine(8, 'Old laptop', 'off', 'debian');
  return [
    machine(1, 'Starter Linux', 'running', 'starter-linux'),
    machine(2, 'Debian 12 for the build server in the basement', 'off', 'debian'),
    machine(3, 'FreeDOS games', 'paused', 'freedos'),
    machine(4, 'Haiku', 'saved', 'haiku'),
    {
      ...machine(5, 'ReactOS', 'aborted', 'reactos'),
      problem: {
        code: 'machine.crashed',
        message: 'The machine’s process was ended by signal SIGKILL.',
        hint: 'Start it again; its disks are as they were at that moment.',
        cause: { code: 'internal', message: 'exit status 137' },
      },
    },
    machine(6, '测试机 🌱', 'saving', 'alpine'),
    machine(7, 'Tiny Core', 'starting', 'tinycore'),
    {
      ...broken,
      config: null,
      inaccessible: true,
      problem: {
        code: 'machine.config-newer',
        message: 'This machine was written by a newer Vivarium (schema 7; this one knows 1).',
        hint: 'Update Vivarium, then look again.',
      },
    },
  ];
}

export function galleryItems(): GalleryItem[] {
  const base = {
    family: 'linux' as const,
    guest: 'linux',
    architecture: 'i386' as const,
    bits: 32 as const,
    licence: 'GPL-2.0-only',
    homepage: 'https://www.example.org/',
    medium: 'cdrom' as const,
    memoryMiB: 256,
    diskMiB: 1024,
  };
  const ready = { status: 'ready' as const, path: '/x.iso', partialBytes: 0, problem: null };
  return [
    {
      ...ready,
      entry: {
        ...base,
        id: 'starter-linux',
        name: 'Starter Linux',
        guest: 'starter-linux',
        sizeBytes: 21_000_000,
        description: {
          en: 'A small Linux with a shell, made of Debian’s kernel and busybox; starts in seconds.',
          'zh-CN': '由 Debian 内核和 busybox 组成的小型 Linux，数秒即可启动。',
        },
        source: { kind: 'bundled', file: 'starter-linux.iso' },
      },
    },
    {
      status: 'downloadable',
      path: null,
      partialBytes: 120_000_000,
      problem: null,
      entry: {
        ...base,
        id: 'debian-netinst-i386',
        name: 'Debian 12 network installer (i386)',
        guest: 'debian',
        sizeBytes: 700_000_000,
        description: { en: 'Installs Debian over the network.', 'zh-CN': '通过网络安装 Debian。' },
        source: {
          kind: 'download-listed',
          checksums: 'https://cdimage.debian.org/SHA512SUMS',
          pattern: 'debian',
          algorithm: 'sha512',
        },
      },
    },
    {
      status: 'page',
      path: null,
      partialBytes: 0,
      problem: null,
      entry: {
        ...base,
        id: 'freedos',
        name: 'FreeDOS 1.3',
        family: 'dos',
        guest: 'freedos',
        bits: 16,
        sizeBytes: 400_000_000,
        description: {
          en: 'A free DOS for old programs and games.',
          'zh-CN': '可运行旧程序和游戏的自由 DOS。',
        },
        source: { kind: 'page' },
      },
    },
    {
      status: 'unavailable',
      path: null,
      partialBytes: 0,
      problem: {
        code: 'gallery.unavailable',
        message: 'A 64-bit system: the embedded engine runs 32-bit systems only.',
        hint: 'Install QEMU to run it.',
      },
      entry: {
        ...base,
        id: 'debian-netinst-amd64',
        name: 'Debian 12 network installer (amd64)',
        guest: 'debian',
        architecture: 'x86_64',
        bits: 64,
        sizeBytes: 660_000_000,
        description: {
          en: 'Installs 64-bit Debian over the network.',
          'zh-CN': '通过网络安装 64 位 Debian。',
        },
        source: { kind: 'page' },
      },
    },
    {
      status: 'page',
      path: null,
      partialBytes: 0,
      problem: null,
      entry: {
        ...base,
        id: 'haiku',
        name: 'Haiku R1/beta5',
        family: 'other',
        guest: 'haiku',
        licence: 'MIT',
        sizeBytes: 1_400_000_000,
        description: { en: 'A quick desktop system after BeOS.', 'zh-CN': '承袭 BeOS 的轻快桌面系统。' },
        source: { kind: 'page' },
      },
    },
  ];
}

export function hostReport(): HostReport {
  return {
    vivarium: '0.1.0',
    shell: 'browser',
    versions: { node: '20.20.2', v86: '0.5.462' },
    os: 'Debian GNU/Linux 12',
    architecture: 'x64',
    cpu: 'Some Processor at 3 GHz',
    cores: 8,
    memoryMiB: 16_000,
    freeMemoryMiB: 9_000,
    dataFolder: '/home/person/.local/share/vivarium',
    freeSpace: 120e9,
    engines: [
      { capabilities: v86Capabilities, available: true, problem: null },
      {
        capabilities: { ...fakeCapabilities, id: 'qemu', title: 'QEMU', version: '' },
        available: false,
        problem: {
          code: 'engine.not-found',
          message: 'QEMU is not installed.',
          hint: 'On Debian: apt install qemu-system-x86',
        },
      },
    ],
    facts: [
      {
        id: 'kvm',
        title: 'KVM',
        status: 'missing',
        detail: '/dev/kvm is not there.',
        hint: 'Load the kvm module.',
      },
      {
        id: 'lock',
        title: 'File locks',
        status: 'ok',
        detail: 'Locks end with the process that holds them.',
      },
      { id: 'guests', title: 'Starter Linux', status: 'warning', detail: 'Built from an older recipe.' },
    ],
  };
}
