import type { LibraryImage } from '@shared/disk/library';
import { describe, expect, it } from 'vitest';
import { testMachine } from '../../testing/machines';
import { exportName, fileNameProblem, groupImages, imageActions, isActionPossible } from './rules';

const machine = testMachine(1, 'One');
const image = (changes: Partial<LibraryImage> = {}): LibraryImage => ({
  path: '/machines/one/disks/disk0.qcow2',
  name: 'disk0.qcow2',
  kind: 'disk',
  machine: machine.id,
  inUse: false,
  format: 'qcow2',
  virtualSize: 2 ** 30,
  fileSize: 1000,
  chain: [],
  usedBy: [{ by: 'machine', machine: machine.id, disk: 'disk0' }],
  sharedWith: [],
  health: 'ok',
  problem: null,
  ...changes,
});
const possible = (one: LibraryImage, of = machine): string[] =>
  imageActions.filter((action) => isActionPossible(action, one, of));

describe('what can be done with an image', () => {
  it('of a machine that is off', () => {
    expect(possible(image())).toEqual(['check', 'compact', 'repair', 'resize', 'export', 'detach']);
  });

  it('of a machine that runs is nothing that touches it', () => {
    const running = testMachine(1, 'One', 'running');
    expect(possible(image({ inUse: true }), running)).toEqual(['detach']);
  });

  it('that a snapshot froze does not include resizing it', () => {
    const usedBy = [{ by: 'snapshot', machine: machine.id, snapshot: 's'.repeat(16), name: 'A' }] as const;
    expect(possible(image({ usedBy: [...usedBy] }))).toEqual(['check', 'compact', 'repair', 'export']);
  });

  it('that is shared does not include compacting, which would take more space', () => {
    expect(possible(image({ sharedWith: ['Two'] }))).not.toContain('compact');
  });

  it('that nobody needs includes moving and removing it, and using it', () => {
    expect(possible(image({ usedBy: [], health: 'orphan' }))).toEqual([
      'check',
      'repair',
      'export',
      'attach',
      'move',
      'remove',
    ]);
  });

  it('that is missing is nothing', () => {
    const problem = { code: 'file.not-found', message: '' } as const;
    expect(possible(image({ health: 'broken', virtualSize: null, usedBy: [], problem }))).toEqual([]);
  });

  it('with the format of another program is to convert it', () => {
    const medium = image({ kind: 'medium', machine: null, format: 'other', usedBy: [], name: 'a.vmdk' });
    expect(possible(medium)).toEqual(['export', 'move', 'remove']);
  });
});

describe('the groups', () => {
  const names = new Map([
    ['b', 'Beta'],
    ['a', 'Alpha'],
  ]);
  const images = [
    image({ machine: null, name: 'x.iso', usedBy: [] }),
    image({ machine: 'b', name: 'one.qcow2', fileSize: 5 }),
    image({ machine: 'b', name: 'two.qcow2', fileSize: 6, health: 'damaged' }),
    image({ machine: 'a', name: 'three.qcow2', usedBy: [], health: 'orphan' }),
  ];

  it('are in the order of the machines, media last', () => {
    expect(groupImages(images, names, 'all', '').map((group) => [group.machine, group.bytes])).toEqual([
      ['a', 1000],
      ['b', 11],
      [null, 1000],
    ]);
  });

  it('show what is asked for', () => {
    const shown = (filter: 'all' | 'attention' | 'unused', search: string): string[] =>
      groupImages(images, names, filter, search).flatMap((group) => group.images.map(({ name }) => name));
    expect(shown('attention', '')).toEqual(['three.qcow2', 'two.qcow2']);
    expect(shown('unused', '')).toEqual(['three.qcow2', 'x.iso']);
    expect(shown('all', ' BETA ')).toEqual(['one.qcow2', 'two.qcow2']);
    expect(shown('all', '.iso')).toEqual(['x.iso']);
  });
});

describe('names of copies', () => {
  it('end with what they are', () => {
    expect(exportName({ name: 'disk0.qcow2' }, 'raw')).toBe('disk0.img');
    expect(exportName({ name: 'my.disk' }, 'qcow2')).toBe('my.qcow2');
    expect(fileNameProblem('disk.img', 'qcow2')).toBe('ending');
    expect(fileNameProblem('disk.qcow2', 'raw')).toBe('ending');
    expect(fileNameProblem('a/b.img', 'raw')).toBe('slash');
    expect(fileNameProblem('  ', 'raw')).toBe('empty');
    expect(fileNameProblem('disk.img', 'raw')).toBeUndefined();
  });
});
