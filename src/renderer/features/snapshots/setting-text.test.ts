import { describe, expect, it } from 'vitest';
import { i18n } from '../../i18n';
import { freeName } from './names';
import { settingLabel, settingValue } from './setting-text';

const t = (key: string, named: Record<string, unknown> = {}): string => i18n.global.t(key, named);

describe('a setting that differs', () => {
  it.each([
    ['memoryMiB', 512, 'Memory', '512 MiB'],
    ['acpi', true, 'ACPI', 'on'],
    ['boot', ['disk', 'cdrom'], 'Boot order', 'Hard disk → CD/DVD'],
    ['nics.nic1.model', 'ne2k', 'Network card 2: Model', 'ne2k'],
    ['drives.cd0.path', '/images/a.iso', 'CD/DVD drive 1: Image', 'a.iso'],
    ['drives.floppy0.path', null, 'Floppy drive 1: Image', 'none'],
    ['disks.disk0.bus', undefined, 'Disk 1: Connection', 'none'],
    ['something.from.later', 3, 'something.from.later', '3'],
    ['unheardOf', { a: 1 }, 'unheardOf', '{"a":1}'],
  ])('%s', (path, value, label, text) => {
    expect(settingLabel(path, t)).toBe(label);
    expect(settingValue(path, value, t, 'en')).toBe(text);
  });
});

describe('the name of a new snapshot', () => {
  const named = (number: number): string => `Snapshot ${number}`;
  it.each([
    [[], 'Snapshot 1'],
    [['Before'], 'Snapshot 2'],
    [['Snapshot 2', 'Snapshot 3'], 'Snapshot 4'],
    [['Snapshot 3', 'x'], 'Snapshot 4'],
  ])('after %j is %s', (taken, name) => {
    expect(freeName(taken, named)).toBe(name);
  });
});
