import type { LibraryImage } from '@shared/disk/library';
import type { Job } from '@shared/ipc/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { desktopInfo, settle, testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import ConfirmDialog from '../../ui/ConfirmDialog.vue';
import MediaPage from './MediaPage.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const machine = testMachine(1, 'Alpha');
const image = (name: string, changes: Partial<LibraryImage> = {}): LibraryImage => ({
  path: `/machines/alpha/disks/${name}`,
  name,
  kind: 'disk',
  machine: machine.id,
  inUse: false,
  format: 'qcow2',
  virtualSize: 2 ** 30,
  fileSize: 2 ** 20,
  chain: [],
  usedBy: [{ by: 'machine', machine: machine.id, disk: 'disk0' }],
  sharedWith: [],
  health: 'ok',
  problem: null,
  ...changes,
});
const below = image('below.qcow2', {
  usedBy: [{ by: 'snapshot', machine: machine.id, snapshot: 's'.repeat(16), name: 'Before' }],
});
const top = image('top.qcow2', { chain: [below.path] });
const stray = image('stray.qcow2', { usedBy: [], health: 'orphan' });
const doubtful = image('doubtful.qcow2', { usedBy: [{ by: 'unknown', machine: machine.id }] });

let wrappers: ReturnType<typeof mountInWindow>[] = [];
let images: LibraryImage[];
let calls: [string, unknown][];

async function open(): Promise<void> {
  const job: Job = {
    id: 'job',
    kind: 'checkDisk',
    subject: machine.id,
    title: '',
    state: 'running',
    done: 0,
    total: null,
    unit: 'steps',
    cancellable: true,
    error: null,
    result: null,
  };
  const finish = (kind: Job['kind'], result: unknown): { jobId: string } => {
    const id = `${kind}-${calls.length}`;
    setTimeout(() => server.emit('job.changed', { ...job, id, kind, state: 'done', result }), 0);
    return { jobId: id };
  };
  const server = testBackend({
    'app.info': () => desktopInfo,
    'machine.list': () => [machine],
    'job.list': () => [],
    'host.engines': () => [],
    'host.pickPath': () => '/elsewhere',
    'disks.list': () => images,
    'disks.check': (params) => {
      calls.push(['check', params]);
      return finish('checkDisk', { clusters: 5, errors: [], errorCount: 0, leakedClusters: 2 });
    },
    'disks.verify': (params) => {
      calls.push(['verify', params]);
      return finish('verifyDisks', [
        {
          machine: machine.id,
          name: 'Alpha',
          skipped: false,
          complaints: [{ path: 'disks/x', message: 'Bad.' }],
        },
        { machine: 'm2', name: 'Beta', skipped: true, complaints: [] },
      ]);
    },
    'disks.move': (params) => {
      calls.push(['move', params]);
      return finish('moveImage', { path: '/elsewhere/stray.qcow2' });
    },
    'disks.remove': (params) => {
      calls.push(['remove', params]);
      images = images.filter(({ path }) => path !== params.path);
      return undefined;
    },
    'disks.export': (params) => {
      calls.push(['export', params]);
      return finish('exportDisk', {});
    },
  });
  wrappers = [mountInWindow(MediaPage), mountInWindow(ConfirmDialog)];
  await settle();
}
const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-image]')];
const names = (): (string | undefined)[] => rows().map((row) => row.dataset.image?.split('/').at(-1));
const details = (): string => document.querySelector('aside')?.textContent ?? '';
const action = (name: string): HTMLElement =>
  document.querySelector(`[data-testid="image-details"] [data-action="${name}"]`) as HTMLElement;
async function click(target: Element | null | undefined): Promise<void> {
  target?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  await settle();
}
async function press(target: EventTarget, key: string): Promise<void> {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await settle();
}

beforeEach(() => {
  document.body.replaceChildren();
  images = [top, below, stray];
  calls = [];
});
afterEach(() => wrappers.forEach((wrapper) => wrapper.unmount()));

describe('the page of disks', () => {
  it('shows every image with its use, and the first one beside the list', async () => {
    await open();
    expect(names()).toEqual(['top.qcow2', 'below.qcow2', 'stray.qcow2']);
    expect(rows()[0]?.textContent).toContain('Disk 1, as it is now');
    expect(rows()[1]?.textContent).toContain('Snapshot “Before”');
    expect(rows()[2]?.textContent).toContain('Orphaned');
    expect(details()).toContain('/machines/alpha/disks/top.qcow2');
    expect(rows().filter((row) => row.tabIndex === 0)).toEqual([rows()[0]]);
  });

  it('is walked through by keyboard, and along the chain', async () => {
    await open();
    rows()[0]?.focus();
    await press(rows()[0] as HTMLElement, 'End');
    expect(details()).toContain('stray.qcow2');
    await press(rows()[2] as HTMLElement, 'Home');
    await click(
      [...document.querySelectorAll('aside button')].find((one) => one.textContent?.includes('below')),
    );
    expect(details()).toContain('/machines/alpha/disks/below.qcow2');
    expect(document.activeElement).toBe(rows()[1]);
  });

  it('shows what needs attention, and what nobody uses', async () => {
    await open();
    await click(document.querySelector('[data-filter="attention"]'));
    expect(names()).toEqual(['stray.qcow2']);
    await click(document.querySelector('[data-filter="all"]'));
    expect(names()).toHaveLength(3);
  });

  it('tells what a check found', async () => {
    await open();
    await click(action('check'));
    expect(calls).toEqual([['check', { id: machine.id, image: 'disks/top.qcow2' }]]);
    expect(details()).toContain('2 clusters are lost space');
  });

  it('tells what checking everything found, and what it left out', async () => {
    await open();
    await click(document.querySelector('[data-testid="verify"]'));
    const report = document.querySelector('[data-testid="verify-report"]')?.textContent;
    expect(report).toContain('One machine has something to look at.');
    expect(report).toContain('disks/x: Bad.');
    expect(report).toContain('Not checked, because they run: Beta');
    await click(document.querySelector('[data-testid="verify-contents"]'));
    expect(calls).toEqual([
      ['verify', { contents: false }],
      ['verify', { contents: true }],
    ]);
  });

  it('asks before it removes an image that nobody needs', async () => {
    await open();
    await click(rows()[2]);
    await click(action('remove'));
    expect(calls).toEqual([]);
    await click(document.querySelector('[data-choice="trash"]'));
    expect(calls).toEqual([['remove', { path: stray.path, how: 'trash' }]]);
    expect(names()).toEqual(['top.qcow2', 'below.qcow2']);
  });

  it('offers nothing that would lose an image of which nobody knows who needs it', async () => {
    images = [doubtful];
    await open();
    expect(rows()[0]?.textContent).toContain('Not known');
    expect([action('remove'), action('move')]).toEqual([null, null]);
  });

  it('moves an image to where the person says', async () => {
    await open();
    await click(rows()[2]);
    await click(action('move'));
    expect(calls).toEqual([['move', { path: stray.path, folder: '/elsewhere' }]]);
  });

  it('writes a copy under a name that fits its format', async () => {
    await open();
    await click(action('export'));
    const name = document.querySelector<HTMLInputElement>('#export-name');
    expect(name?.value).toBe('top.qcow2');
    const raw = document.querySelector<HTMLInputElement>('input[name="export-format"][value="raw"]');
    raw?.click();
    await settle();
    expect(name?.value).toBe('top.img');
    document.querySelector<HTMLFormElement>('#export-image')?.requestSubmit();
    await settle();
    expect(calls).toEqual([['export', { source: top.path, target: '/data/media/top.img', format: 'raw' }]]);
  });
});
