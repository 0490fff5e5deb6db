import type { GalleryItem } from '@shared/gallery/entry';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { useConnection } from '../bridge/client';

/** The systems that can be had. Loaded on demand, and again after each download. */
export const useGallery = defineStore('gallery', () => {
  const connection = useConnection();
  const items = ref<GalleryItem[]>();
  const failure = ref<unknown>();

  async function load(): Promise<void> {
    try {
      items.value = await connection.call('gallery.list', {});
      failure.value = undefined;
    } catch (error) {
      failure.value = error;
    }
  }

  /** Starts a download and gives the id of its job. */
  async function download(id: string): Promise<string> {
    return (await connection.call('gallery.download', { id })).jobId;
  }

  connection.on('job.changed', ({ kind, state }) => {
    if (kind === 'download' && state !== 'running' && items.value) void load();
  });

  return { items, failure, load, download };
});
