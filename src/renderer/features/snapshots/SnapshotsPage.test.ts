import { Failure } from '@shared/errors';
import type { MachineSummary } from '@shared/machine/summary';
import type { Snapshot } from '@shared/snapshot/snapshot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settle } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import { snapshotBackend, snapshotIdOf, testSnapshot } from '../../testing/snapshots';
import ConfirmDialog from '../../ui/ConfirmDialog.vue';
import SnapshotsPage from './SnapshotsPage.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

let wrappers: ReturnType<typeof mountInWindow>[] = [];
let main: ReturnType<typeof snapshotBackend>;
let machine: MachineSummary;

async function open(
  snapshots: (machine: MachineSummary) => Snapshot[],
  current: number | null,
  state: MachineSummary['state'] = 'off',
): Promise<void> {
  machine = testMachine(1, 'Alpha', state);
  main = snapshotBackend(machine, snapshots(machine), current);
  wrappers = [mountInWindow(SnapshotsPage, { id: machine.id }), mountInWindow(ConfirmDialog)];
  await settle();
}
/** A first snapshot with two that go on from it, of which the machine stands on the second. */
const forked = (of: MachineSummary): Snapshot[] => [
  testSnapshot(of, 1, null),
  testSnapshot(of, 2, 1, { memory: true, state: 'running', name: 'Side way' }),
  testSnapshot(of, 3, 1, { description: 'after the update' }),
];

const items = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=treeitem]')];
const row = (id: number | 'here'): HTMLElement =>
  document.querySelector(`[data-snapshot="${id === 'here' ? id : snapshotIdOf(id)}"]`) as HTMLElement;
const selected = (): string[] =>
  items()
    .filter((item) => item.ariaSelected === 'true' || item.getAttribute('aria-selected') === 'true')
    .map((item) => item.dataset.snapshot as string);
const details = (): string => document.querySelector('aside')?.textContent ?? '';
const dialog = (): HTMLElement | null => document.querySelector('[role=dialog]');
const buttonIn = (where: ParentNode | null, text: string): HTMLButtonElement => {
  const found = [...(where?.querySelectorAll('button') ?? [])].find((one) => one.textContent?.includes(text));
  if (!found) throw new Error(`There is no button “${text}”.`);
  return found;
};
const toolbar = (action: string): HTMLButtonElement =>
  document.querySelector(`[data-action="${action}"]`) as HTMLButtonElement;
async function click(target: HTMLElement, init: MouseEventInit = {}): Promise<void> {
  target.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...init }));
  await settle();
}
async function submit(form: HTMLFormElement): Promise<void> {
  form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  await settle();
}
async function press(target: EventTarget, key: string, init: KeyboardEventInit = {}): Promise<void> {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }));
  await settle();
}

beforeEach(() => document.body.replaceChildren());
afterEach(() => wrappers.forEach((wrapper) => wrapper.unmount()));

describe('a machine without snapshots', () => {
  it('explains what they are for and takes the first', async () => {
    await open(() => [], null);
    expect(document.body.textContent).toContain('No snapshots yet');
    await click(buttonIn(document, 'Take the first snapshot'));
    const name = document.querySelector<HTMLInputElement>('#snapshot-name');
    expect(name?.value).toBe('Snapshot 1');
    // it is off: there is no memory to take
    expect(document.querySelector('#snapshot-memory')?.hasAttribute('disabled')).toBe(true);
    document.querySelector<HTMLFormElement>('#take-snapshot')?.requestSubmit();
    await settle();
    expect(main.calls).toEqual([
      ['take', { id: machine.id, name: 'Snapshot 1', description: '', memory: false }],
    ]);
    expect(dialog()).toBeNull();
    expect(items()).toHaveLength(2);
  });
});

describe('the tree', () => {
  it('is one for assistive technology too, with the present at its end', async () => {
    await open(forked, 3);
    expect(items().map((item) => item.dataset.snapshot)).toEqual([
      snapshotIdOf(1),
      snapshotIdOf(2),
      snapshotIdOf(3),
      'here',
    ]);
    expect(items().map((item) => item.getAttribute('aria-level'))).toEqual(['1', '2', '2', '3']);
    expect(row('here').textContent).toContain('You are here');
    expect(row(2).textContent).toContain('With memory');
    expect(selected()).toEqual(['here']);
    expect(items().filter((item) => item.tabIndex === 0)).toEqual([row('here')]);
  });

  it('is walked through by keyboard, and shows what is walked over', async () => {
    await open(forked, 3);
    row('here').focus();
    await press(row('here'), 'ArrowLeft');
    expect(selected()).toEqual([snapshotIdOf(3)]);
    expect(document.activeElement).toBe(row(3));
    expect(details()).toContain('after the update');
    await press(row(3), 'Home');
    await press(row(1), 's');
    expect(selected()).toEqual([snapshotIdOf(2)]);
  });

  it('tells of snapshots that cannot be read', async () => {
    await open(forked, 3);
    main.list.broken = [snapshotIdOf(9)];
    main.server.emit('snapshot.changed', { id: machine.id });
    await settle();
    expect(document.querySelector('[role=alert]')?.textContent).toContain('One snapshot cannot be read');
    expect(items()).toHaveLength(4);
  });

  it('compares two that are selected', async () => {
    await open((of) => {
      const config = of.config as NonNullable<MachineSummary['config']>;
      const [first, ...rest] = forked(of);
      return [{ ...(first as Snapshot), config: { ...config, memoryMiB: 64 } }, ...rest];
    }, 3);
    await click(row(1));
    await click(row(3), { ctrlKey: true });
    const comparison = document.querySelector('[data-testid="comparison"]')?.textContent;
    expect(comparison).toContain('Memory');
    expect(comparison).toContain('64 MiB');
    expect(comparison).toContain('256 MiB');
    expect(details()).toContain('2 selected');
  });

  it('says what has changed in the settings since', async () => {
    await open((of) => [testSnapshot(of, 1, null)], 1);
    await click(row(1));
    expect(document.querySelector('[data-testid="comparison"]')?.textContent).toContain('the same');
    const config = { ...machine.config, sound: true } as NonNullable<MachineSummary['config']>;
    main.state.machine = { ...machine, config };
    main.server.emit('machine.changed', main.state.machine);
    await settle();
    expect(document.querySelector('[data-testid="comparison"]')?.textContent).toMatch(/Sound\s*off\s*on/);
  });
});

describe('taking a snapshot', () => {
  it('of a running machine takes its memory along unless told otherwise', async () => {
    await open(forked, 3, 'running');
    await press(window, 'S', { ctrlKey: true, shiftKey: true });
    const memory = document.querySelector<HTMLButtonElement>('#snapshot-memory');
    expect(memory?.getAttribute('aria-checked')).toBe('true');
    document.querySelector<HTMLFormElement>('#take-snapshot')?.requestSubmit();
    await settle();
    expect(main.calls).toEqual([
      ['take', { id: machine.id, name: 'Snapshot 4', description: '', memory: true }],
    ]);
  });

  it('shows how far it is, and can be cancelled', async () => {
    await open(forked, 3);
    main.state.hold = true;
    await click(document.querySelector('[data-testid="take-snapshot"]') as HTMLElement);
    document.querySelector<HTMLFormElement>('#take-snapshot')?.requestSubmit();
    await settle();
    const progress = document.querySelector('[data-testid="snapshot-job"]');
    expect(progress?.textContent).toContain('25%');
    expect(toolbar('remove').ariaDisabled ?? toolbar('remove').getAttribute('aria-disabled')).toBe('true');
    await click(progress?.querySelector('button') as HTMLElement);
    expect(main.calls.at(-1)?.[0]).toBe('job.cancel');
    expect(document.querySelector('[data-testid="snapshot-job"]')).toBeNull();
    expect(document.querySelector('[role=alert]')).toBeNull();
  });

  it('that fails says why until it is dismissed', async () => {
    await open(forked, 3);
    main.state.fails = new Failure('file.no-space', 'The disk is full.', { hint: 'Free some space.' });
    await click(document.querySelector('[data-testid="take-snapshot"]') as HTMLElement);
    document.querySelector<HTMLFormElement>('#take-snapshot')?.requestSubmit();
    await settle();
    expect(document.querySelector('[role=alert]')?.textContent).toContain('Free some space.');
    await click(buttonIn(document, 'Dismiss'));
    expect(document.querySelector('[role=alert]')).toBeNull();
  });
});

describe('restoring a snapshot', () => {
  it('offers to keep the present first, and the disks alone', async () => {
    await open(forked, 3);
    await click(row(2));
    await press(row(2), 'Enter');
    expect(dialog()?.textContent).toContain('Restore “Side way”?');
    await click(dialog()?.querySelector('[role=radio][value="disks"]') as HTMLElement);
    await click(dialog()?.querySelector('[data-testid="restore-confirm"]') as HTMLElement);
    expect(main.calls.map(([name]) => name)).toEqual(['take', 'restore']);
    expect(main.calls[0]?.[1]).toMatchObject({ name: 'Snapshot 4', memory: false });
    expect(main.calls[1]?.[1]).toMatchObject({ snapshot: snapshotIdOf(2), disksOnly: true });
    // the present now goes on from it
    expect(items().at(-1)?.dataset.snapshot).toBe('here');
    expect(items().at(-1)?.getAttribute('aria-level')).toBe('3');
  });

  it('takes no snapshot where nothing would be lost', async () => {
    await open(forked, 3);
    main.list.presentChangedSince = false;
    await click(row(1));
    await click(toolbar('restore'));
    expect(dialog()?.querySelector('[role=checkbox]')?.getAttribute('aria-checked')).toBe('false');
    await click(dialog()?.querySelector('[data-testid="restore-confirm"]') as HTMLElement);
    expect(main.calls.map(([name]) => name)).toEqual(['restore']);
  });

  it('leaves everything as it is when the snapshot of the present fails', async () => {
    await open(forked, 3);
    main.state.fails = new Failure('file.no-space', 'The disk is full.');
    await click(row(1));
    await click(toolbar('restore'));
    await click(dialog()?.querySelector('[data-testid="restore-confirm"]') as HTMLElement);
    expect(main.calls.map(([name]) => name)).toEqual(['take']);
    expect(document.querySelector('[role=alert]')?.textContent).toContain('The disk is full.');
  });
});

describe('deleting snapshots', () => {
  it('says what comes back, and asks whether the branch is meant', async () => {
    await open(forked, 3);
    await click(row(1));
    await press(window, 'Delete');
    expect(dialog()?.textContent).toContain('About 1 MiB comes back');
    expect(dialog()?.textContent).toContain('About 3 MiB comes back');
    await click(dialog()?.querySelector('[data-choice="branch"]') as HTMLElement);
    expect(main.calls).toEqual([
      ['delete', { id: machine.id, snapshots: [snapshotIdOf(1), snapshotIdOf(2), snapshotIdOf(3)] }],
    ]);
    expect(document.body.textContent).toContain('No snapshots yet');
  });

  it('deletes several at once, and nothing without an answer', async () => {
    await open(forked, 3);
    await click(row(2));
    await click(row('here'), { shiftKey: true });
    await click(toolbar('remove'));
    expect(dialog()?.textContent).toContain('Delete 2 snapshots?');
    await click(dialog()?.querySelector('[data-cancel]') as HTMLElement);
    expect(main.calls).toEqual([]);
    await click(toolbar('remove'));
    await click(dialog()?.querySelector('[data-choice="these"]') as HTMLElement);
    expect(main.calls).toEqual([
      ['delete', { id: machine.id, snapshots: [snapshotIdOf(2), snapshotIdOf(3)] }],
    ]);
    expect(items().map((item) => item.dataset.snapshot)).toEqual([snapshotIdOf(1), 'here']);
  });
});

describe('renaming a snapshot', () => {
  it('begins with F2 and keeps what was typed', async () => {
    await open(forked, 3);
    await click(row(3));
    await press(window, 'F2');
    const name = document.querySelector<HTMLInputElement>('#edit-snapshot-name') as HTMLInputElement;
    expect(document.activeElement).toBe(name);
    name.value = 'Better name';
    name.dispatchEvent(new Event('input', { bubbles: true }));
    name.form?.requestSubmit();
    await settle();
    expect(main.calls).toEqual([
      [
        'edit',
        {
          id: machine.id,
          snapshot: snapshotIdOf(3),
          name: 'Better name',
          description: 'after the update',
        },
      ],
    ]);
    expect(row(3).textContent).toContain('Better name');
    expect(document.activeElement).toBe(row(3));
  });

  it('protects a machine: automatic snapshots, and changes that are discarded, with a warning before', async () => {
    await open(forked, 3);
    await click(document.querySelector('[data-testid=protect]') as HTMLElement);
    const form = dialog()?.querySelector('form') as HTMLFormElement;
    const control = (id: string): HTMLElement => form.querySelector(`#protect-${id}`) as HTMLElement;
    expect(form.querySelector('[data-testid=discard-warning]')).toBeNull();
    await click(control('atStop'));
    const save = dialog()?.querySelector('[data-testid=protect-save]') as HTMLButtonElement;
    await submit(form);
    expect(main.calls.at(-1)).toEqual([
      'protect',
      {
        id: machine.id,
        automatic: {
          every: null,
          memory: false,
          atStart: false,
          atStop: true,
          keep: { last: 3, hourly: 6, daily: 7 },
        },
      },
    ]);
    expect(save.isConnected && dialog()?.dataset.state === 'open').toBe(false);

    await click(document.querySelector('[data-testid=protect]') as HTMLElement);
    const again = dialog()?.querySelector('form') as HTMLFormElement;
    await click(again.querySelector('#protect-discard') as HTMLElement);
    expect(again.querySelector('[data-testid=discard-warning]')?.textContent).toContain('forgets');
    main.state.fails = new Failure('machine.wrong-state', 'The machine is saved.');
    await submit(again);
    expect(main.calls.at(-1)).toEqual(['protect', { id: machine.id, discardOnPowerOff: true }]);
    expect(dialog()?.textContent).toContain('The machine is saved.');
  });
});
