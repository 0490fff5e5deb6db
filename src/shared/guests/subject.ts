import type { GalleryEntry } from '../gallery/entry';
import type { MediumReport } from '../media/report';

/** What the wizard starts from: an image that was looked at, or an entry of the gallery. */
export type GuestSource = MediumReport | GalleryEntry;

/** The same facts of either. */
export interface GuestSubject {
  guest: string;
  title: string;
  /** `unknown` where the image does not tell. */
  architecture: MediumReport['architecture'];
  /** Widths of the kernels in it; empty when nothing is known. */
  bits: readonly number[];
  /** Firmware that can start it; empty when nothing is known. */
  firmware: readonly ('bios' | 'uefi')[];
  medium: MediumReport['kind'];
  /** Only for disks. */
  format?: MediumReport['format'];
}

export function subjectOf(source: GuestSource): GuestSubject {
  if ('kernelBits' in source) {
    return {
      guest: source.guest,
      title: source.title ?? source.fileName,
      architecture: source.architecture,
      bits: source.kernelBits,
      firmware: source.firmware ?? [],
      medium: source.kind,
      format: source.format,
    };
  }
  return {
    guest: source.guest,
    title: source.name,
    architecture: source.architecture,
    bits: [source.bits],
    firmware: [],
    medium: source.medium,
    ...(source.medium === 'disk' ? { format: 'raw' as const } : {}),
  };
}
