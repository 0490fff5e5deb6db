import type { LibraryImage } from '@shared/disk/library';
import { shallowRef } from 'vue';

interface Asked {
  image: LibraryImage;
  /** Takes an error of what the dialog began. */
  report: (error: unknown) => void;
}

/** The dialogs that are open on the page of images. Without an image, any file of the computer is asked for. */
export const openExport = shallowRef<{ image: LibraryImage | undefined; report: Asked['report'] }>();
export const openResize = shallowRef<Asked>();
export const openAttach = shallowRef<Asked>();

export function closeAll(): void {
  openExport.value = undefined;
  openResize.value = undefined;
  openAttach.value = undefined;
}
