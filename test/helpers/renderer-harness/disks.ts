import type { LibraryImage } from '@shared/disk/library';
import type { Commands, Job } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { MachineSummary } from '@shared/machine/summary';

type DiskCommand = Extract<keyof Commands, `disks.${string}` | `clone.${string}`>;

/** What images and clones need of the rest of the in-page backend. */
interface Rest {
  machines: () => MachineSummary[];
  find: (id: string) => MachineSummary;
  put: (machine: MachineSummary) => MachineSummary;
  startJob: (kind: Job['kind'], subject: string, title: string, total: number, end: () => unknown) => string;
}

const gibibyte = 2 ** 30;

/** Images and clones in the page's memory. */
export function diskHandlers({ machines, find, put, startJob }: Rest): Pick<Handlers<Commands>, DiskCommand> {
  let made = 0;
  const imagesOf = ({ id, folder, config, state }: MachineSummary): LibraryImage[] =>
    (config?.disks ?? []).map(({ id: disk, path }) => ({
      path: `${folder}/${path}`,
      name: path.split('/').at(-1) ?? path,
      kind: 'disk',
      machine: id,
      inUse: state === 'running',
      format: 'qcow2',
      virtualSize: 20 * gibibyte,
      fileSize: 3.4 * gibibyte,
      chain: [],
      usedBy: [{ by: 'machine', machine: id, disk }],
      sharedWith: [],
      health: 'ok',
      problem: null,
    }));
  const job = (kind: Job['kind'], id: string, image: string, end: () => unknown): { jobId: string } => ({
    jobId: startJob(kind, id, `${find(id).name}: ${image}`, 4e9, end),
  });
  const nothing = (): null => null;
  return {
    'clone.create': ({ id, name, kind }) => ({
      jobId: startJob('clone', id, name, 4e9, () => {
        const original = find(id);
        const newId = `clone${String(++made).padStart(11, '0')}`;
        const clonedFrom = { machine: id, name: original.name, snapshot: null, linked: kind === 'linked' };
        const config = original.config && { ...original.config, id: newId, name, clonedFrom };
        put({ ...original, id: newId, name, config, state: 'off', runtime: null });
        return { id: newId };
      }),
    }),
    'clone.estimate': () => ({
      bytes: 3.4 * gibibyte,
      bytesWithSnapshots: 5 * gibibyte,
      freeBytes: 80 * gibibyte,
      linkable: true,
      takesSnapshot: true,
      snapshots: 3,
      snapshotsWithMemory: 1,
    }),
    'clone.sharing': () => [],
    'clone.setTemplate': ({ id, template }) => {
      const machine = find(id);
      return put({ ...machine, config: machine.config && { ...machine.config, template } });
    },
    'disks.list': () => machines().flatMap(imagesOf),
    'disks.verify': () => ({
      jobId: startJob('verifyDisks', '', '', machines().length, () =>
        machines().map(({ id, name, state }) => ({
          machine: id,
          name,
          skipped: state === 'running',
          complaints: [],
        })),
      ),
    }),
    'disks.check': ({ id, image }) =>
      job('checkDisk', id, image, () => ({ clusters: 50_000, errors: [], errorCount: 0, leakedClusters: 0 })),
    'disks.compact': ({ id, image }) => job('compactDisk', id, image, () => ({ before: 4e9, after: 3e9 })),
    'disks.repair': ({ id, image }) => job('repairDisk', id, image, nothing),
    'disks.toQcow2': ({ id, image }) => job('convertDisk', id, image, nothing),
    'disks.export': ({ target }) => ({ jobId: startJob('exportDisk', '', target, 4e9, nothing) }),
    'disks.move': ({ path }) => ({ jobId: startJob('moveImage', '', path, 4e9, nothing) }),
    'disks.resize': () => undefined,
    'disks.remove': () => undefined,
  };
}
