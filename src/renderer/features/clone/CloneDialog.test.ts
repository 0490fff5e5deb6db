import type { CloneEstimate } from '@shared/machine/clone';
import type { MachineSummary } from '@shared/machine/summary';
import type { SnapshotList } from '@shared/snapshot/snapshot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settle, testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import { snapshotIdOf, testSnapshot } from '../../testing/snapshots';
import CloneDialog from './CloneDialog.vue';
import { askClone, openClone } from './dialogs';
import { linkRefusal, missingBytes } from './rules';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const estimate: CloneEstimate = {
  bytes: 500,
  bytesWithSnapshots: 5000,
  freeBytes: 3000,
  linkable: true,
  takesSnapshot: false,
  snapshots: 1,
  snapshotsWithMemory: 1,
};
let wrapper: ReturnType<typeof mountInWindow> | undefined;
let calls: unknown[];

async function open(machine: MachineSummary, found: CloneEstimate = estimate): Promise<void> {
  const list: SnapshotList = {
    snapshots: [testSnapshot(machine, 1, null, { name: 'Before' })],
    broken: [],
    current: snapshotIdOf(1),
    presentChangedSince: false,
    presentBytes: 0,
  };
  const server = testBackend({
    'machine.list': () => [machine],
    'job.list': () => [],
    'host.engines': () => [],
    'snapshot.list': () => list,
    'clone.estimate': () => found,
    'clone.create': (request) => {
      calls.push(request);
      setTimeout(() => {
        server.emit('job.changed', {
          id: 'job',
          kind: 'clone',
          subject: machine.id,
          title: request.name,
          state: 'done',
          done: 1,
          total: 1,
          unit: 'bytes',
          cancellable: true,
          error: null,
          result: { id: 'x'.repeat(16) },
        });
      }, 0);
      return { jobId: 'job' };
    },
  });
  wrapper = mountInWindow(CloneDialog);
  await settle();
  askClone(machine);
  await settle();
}
const withDisk = (machine: MachineSummary): MachineSummary => ({
  ...machine,
  config: machine.config && {
    ...machine.config,
    disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'ide' }],
  },
});
const text = (): string => document.querySelector('[role=dialog]')?.textContent ?? '';
const confirm = (): HTMLButtonElement =>
  document.querySelector('[data-testid="clone-machine-confirm"]') as HTMLButtonElement;
const choose = async (kind: string): Promise<void> => {
  document.querySelector<HTMLInputElement>(`input[name="clone-kind"][value="${kind}"]`)?.click();
  await settle();
};
const submit = async (): Promise<void> => {
  document.querySelector<HTMLFormElement>('#clone-machine')?.requestSubmit();
  await settle();
};

beforeEach(() => {
  document.body.replaceChildren();
  calls = [];
});
afterEach(() => {
  openClone.value = undefined;
  wrapper?.unmount();
});

describe('the dialog about cloning', () => {
  it('suggests a name, says what it takes, and asks for a full clone of the present', async () => {
    const machine = withDisk(testMachine(1, 'Alpha'));
    await open(machine);
    expect(document.querySelector<HTMLInputElement>('#clone-name')?.value).toBe('Alpha copy');
    expect(text()).toContain('about 500 B');
    await submit();
    expect(calls).toEqual([
      {
        id: machine.id,
        name: 'Alpha copy',
        snapshot: null,
        kind: 'full',
        snapshots: false,
        keepAddresses: false,
      },
    ]);
    expect(openClone.value).toBeUndefined();
  });

  it('of a machine that runs offers its newest snapshot', async () => {
    const machine = withDisk(testMachine(1, 'Alpha', 'running'));
    await open(machine);
    expect(text()).toContain('only its snapshots can be cloned');
    await choose('linked');
    await submit();
    expect(calls).toMatchObject([{ snapshot: snapshotIdOf(1), kind: 'linked' }]);
  });

  it('of a template offers what is shared first', async () => {
    const machine = withDisk(testMachine(1, 'Alpha'));
    if (machine.config) machine.config.template = true;
    await open(machine);
    await submit();
    expect(calls).toMatchObject([{ kind: 'linked', snapshot: null }]);
  });

  it('says why images cannot be shared', async () => {
    await open(withDisk(testMachine(1, 'Alpha')), { ...estimate, linkable: false });
    expect(text()).toContain('on another drive');
    expect(
      document.querySelector<HTMLInputElement>('input[name="clone-kind"][value="linked"]')?.disabled,
    ).toBe(true);
  });

  it('refuses what there is no space for, and warns of what memory snapshots lose', async () => {
    await open(withDisk(testMachine(1, 'Alpha')));
    document.querySelector<HTMLElement>('#clone-snapshots')?.click();
    await settle();
    expect(text()).toContain('1.95 KiB more');
    expect(text()).toContain('One snapshot has memory');
    expect(confirm().disabled).toBe(true);
    await submit();
    expect(calls).toEqual([]);
  });
});

describe('the rules of cloning', () => {
  it('know what is missing', () => {
    expect(missingBytes(estimate, false)).toBe(0);
    expect(missingBytes(estimate, true)).toBe(2000);
    expect(missingBytes({ ...estimate, freeBytes: null }, true)).toBe(0);
    expect(linkRefusal(testMachine(1, 'No disk'), estimate)).toBe('noDisk');
  });
});
