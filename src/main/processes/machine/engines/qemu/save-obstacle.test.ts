import { describe, expect, it } from 'vitest';
import { explainObstacle } from './save-obstacle';

describe('what keeps a guest’s memory from being saved', () => {
  it.each<[string, string]>([
    ['non-migratable device: 0000:00:01.0/nvme', 'nvme'],
    [
      "Migration is disabled when VirtFS export path '/x' is mounted in the guest using mount_tag 'y'",
      'share',
    ],
    ['non-migratable device: 0000:00:05.0/vhost-user-fs', 'vhost'],
    ['State blocked by non-migratable CPU device (invtsc flag)', 'processor'],
    ["The vdi format used by node 'd' does not support live migration", 'diskFormat'],
    ['VFIO device doesn’t support migration', 'hostDevice'],
  ])('%s', (reason, key) => {
    const failure = explainObstacle([reason, 'and another']);
    expect(failure?.phrases?.message).toMatchObject({ params: { reason: { key: `saving.${key}` } } });
    expect(failure?.hint).toBeTruthy();
    expect(failure?.cause?.message).toBe(`${reason}\nand another`);
  });

  it('is told in QEMU’s words when nobody knows them', () => {
    expect(explainObstacle(['the moon is full'])?.message).toContain('the moon is full');
  });

  it('is nothing most of the time', () => {
    expect(explainObstacle([])).toBeUndefined();
  });
});
