import { describe, expect, it } from 'vitest';
import type { PlannedDisk } from './plan';
import { writeProblem } from './problem';

const disk = (id: string): PlannedDisk =>
  ({ id, path: `/machine/disks/${id}.qcow2`, format: 'qcow2', bus: 'virtio' }) as PlannedDisk;
const disks = ['disk1', 'disk10', 'disk0'].map(disk);
const fault = (node: string, nospace = true) =>
  ({ device: 'device', 'node-name': node, operation: 'write', action: 'stop', nospace, reason: '' }) as const;

describe('a fault of the host while a guest writes', () => {
  it.each([
    ['disk0-image', 'disk0'],
    ['disk1-image', 'disk1'],
    ['disk10-image', 'disk10'],
    ['disk1-image-1', 'disk1'],
    ['disk10-image-12', 'disk10'],
  ])('of the node %s is told with the image of %s', (node, id) => {
    expect(writeProblem(fault(node), disks)).toMatchObject({
      code: 'file.no-space',
      message: `Cannot write /machine/disks/${id}.qcow2: no space is left on the device`,
      hint: expect.any(String) as string,
    });
    expect(writeProblem(fault(node, false), disks)).toMatchObject({
      code: 'file.io',
      message: expect.stringContaining(`/machine/disks/${id}.qcow2`) as string,
    });
  });

  it('of what is no disk of the machine is told with QEMU’s own name', () => {
    expect(writeProblem(fault('other-image'), disks).message).toContain('other-image');
    expect(writeProblem({ ...fault(''), 'node-name': undefined }, disks).message).toContain('device');
  });
});
