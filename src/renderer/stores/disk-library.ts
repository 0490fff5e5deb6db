import { toErrorValue, type ErrorValue } from '@shared/errors';
import type { DiskComplaints, ExportFormat, ImageCheck, LibraryImage } from '@shared/disk/library';
import type { Job } from '@shared/ipc/contract';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useConnection } from '../bridge/client';
import { useJobs } from './jobs';

/** The jobs on images, and on whole machines. */
export const diskJobs = [
  'clone',
  'verifyDisks',
  'checkDisk',
  'compactDisk',
  'mergeDisks',
  'repairDisk',
  'convertDisk',
  'exportDisk',
  'moveImage',
  'moveMachine',
] as const satisfies Job['kind'][];

/** Long tasks on images that are asked for with a machine's id and the image's path in its folder. */
type ImageTask = 'disks.check' | 'disks.compact' | 'disks.repair' | 'disks.toQcow2';

/** The images of the library: loaded while a page shows them, and again when something happens to them. */
export const useDiskLibrary = defineStore('disk-library', () => {
  const connection = useConnection();
  const jobs = useJobs();
  const images = ref<LibraryImage[]>();
  const failure = ref<ErrorValue>();
  const watched = ref(0);
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const running = computed(() => jobs.running.filter(({ kind }) => diskJobs.some((one) => one === kind)));

  async function load(): Promise<void> {
    const mine = ++turn;
    try {
      const list = await connection.call('disks.list', {});
      if (mine !== turn) return;
      images.value = list;
      failure.value = undefined;
    } catch (error) {
      if (mine === turn) failure.value = toErrorValue(error);
    }
  }

  /** Events come in bursts; one look after them is enough. */
  function loadSoon(): void {
    if (watched.value === 0 || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      void load();
    }, 300);
  }

  /** Keeps the list current until the returned function is called. */
  function watch(): () => void {
    watched.value++;
    void load();
    return () => void watched.value--;
  }

  async function finish(started: Promise<{ jobId: string }>): Promise<unknown> {
    const { jobId } = await started;
    try {
      return (await jobs.finished(jobId)).result;
    } finally {
      await load();
    }
  }

  const task = (name: ImageTask, id: string, image: string): Promise<unknown> =>
    finish(connection.call(name, { id, image }));

  /** Each resolves when it is done, and rejects with a `Failure`, also `cancelled`. */
  const check = async (id: string, image: string): Promise<ImageCheck> =>
    (await task('disks.check', id, image)) as ImageCheck;
  const compact = async (id: string, image: string): Promise<{ before: number; after: number }> =>
    (await task('disks.compact', id, image)) as { before: number; after: number };
  const repair = async (id: string, image: string): Promise<void> =>
    void (await task('disks.repair', id, image));
  const toQcow2 = async (id: string, image: string): Promise<void> =>
    void (await task('disks.toQcow2', id, image));
  /** @param contents every byte of what snapshots froze, too */
  const verify = async (contents: boolean): Promise<DiskComplaints[]> =>
    (await finish(connection.call('disks.verify', { contents }))) as DiskComplaints[];
  const exportImage = async (source: string, target: string, format: ExportFormat): Promise<void> =>
    void (await finish(connection.call('disks.export', { source, target, format })));
  const move = async (path: string, folder: string): Promise<void> =>
    void (await finish(connection.call('disks.move', { path, folder })));

  async function resize(id: string, image: string, bytes: number, shrink: boolean): Promise<void> {
    await connection.call('disks.resize', { id, image, bytes, shrink });
    await load();
  }

  async function remove(path: string, how: 'trash' | 'erase'): Promise<void> {
    await connection.call('disks.remove', { path, how });
    await load();
  }

  connection.on('machine.changed', loadSoon);
  connection.on('machine.removed', loadSoon);
  connection.on('snapshot.changed', loadSoon);
  connection.onConnected(async () => {
    if (watched.value > 0) await load();
  });

  return {
    images,
    failure,
    running,
    load,
    watch,
    check,
    compact,
    repair,
    toQcow2,
    verify,
    exportImage,
    move,
    resize,
    remove,
  };
});
