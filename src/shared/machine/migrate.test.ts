import { describe, expect, it } from 'vitest';
import { Failure } from '../errors';
import type { MachineConfig } from './config';
import { readMachineConfig, storedConfig } from './migrate';

const config: MachineConfig = {
  schema: 1,
  id: 'abcdefgh12345678',
  name: 'Old one',
  created: '2026-01-01T00:00:00.000Z',
  notes: '',
  engine: 'v86',
  architecture: 'i386',
  guest: 'linux',
  memoryMiB: 128,
  cpus: 1,
  boot: ['disk'],
  firmware: 'bios',
  acpi: true,
  videoMemoryMiB: 16,
  sound: false,
  serialPorts: 1,
  disks: [],
  drives: [],
  nics: [],
};

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  return 'no failure';
}

describe('readMachineConfig', () => {
  it('takes a configuration of this version, with fields it does not know', () => {
    const withMore = {
      ...config,
      colour: 'green',
      disks: [{ id: 'disk0', path: 'disks/a', bus: 'ide', x: [1] }],
    };
    expect(readMachineConfig(withMore)).toEqual(withMore);
  });

  it('brings a made-up version 0, which counted memory in bytes, to this version', () => {
    const { memoryMiB, ...rest } = config;
    const old = { ...rest, schema: 0, memory: memoryMiB * 1024 * 1024, colour: 'green' };
    const migrated = readMachineConfig(old, {
      0: ({ memory, ...others }) => ({ ...others, memoryMiB: Number(memory) / 1024 / 1024 }),
    });
    expect(migrated).toEqual({ ...config, colour: 'green' });
    expect(old.schema).toBe(0);
  });

  it('refuses a version that never was', () => {
    expect(codeOf(() => readMachineConfig({ ...config, schema: 0 }))).toBe('machine.config-invalid');
  });

  it('refuses a newer version', () => {
    expect(codeOf(() => readMachineConfig({ schema: 2, anything: true }))).toBe('machine.config-newer');
  });

  it.each([
    null,
    7,
    'text',
    [],
    {},
    { schema: '1' },
    { ...config, memoryMiB: '128' },
    { ...config, id: '../..' },
  ])('refuses %j', (raw) => {
    expect(codeOf(() => readMachineConfig(raw))).toBe('machine.config-invalid');
  });

  it('refuses a disk outside the folder', () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../x', 'C:\\x', 'a//b', '']) {
      const bad = { ...config, disks: [{ id: 'disk0', path, bus: 'ide' }] };
      expect(codeOf(() => readMachineConfig(bad))).toBe('machine.config-invalid');
    }
  });
});

describe('storedConfig', () => {
  it('is a configuration of this schema version, and refuses what readMachineConfig refuses, saying why', () => {
    expect(storedConfig.parse(config)).toEqual(config);
    const newer = storedConfig.nullable().safeParse({ ...config, schema: 2 });
    expect(newer.error?.issues[0]?.message).toBe(messageOf({ ...config, schema: 2 }));
    expect(storedConfig.safeParse('text').success).toBe(false);
  });
});

function messageOf(raw: unknown): string {
  try {
    readMachineConfig(raw);
    return 'nothing';
  } catch (error) {
    return (error as Failure).message;
  }
}
