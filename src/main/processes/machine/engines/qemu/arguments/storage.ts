import type { Platform } from '@shared/engine/qemu/platform';
import { diskCache } from '@shared/engine/qemu/processor';
import type { PlannedDisk, PlannedDrive, QemuPlan } from '../plan';
import { json, type JsonObject } from './escape';
import { diskPlace, scsiPlace } from './places';

/** The name of the block node with what is inserted in a drive. `turn` counts the media of one run. */
export function mediumNode(drive: string, turn = 0): string {
  return turn === 0 ? `${drive}-medium` : `${drive}-medium-${turn}`;
}

/** The block node of an inserted image: read-only, and a plain file whatever its contents say. */
export function mediumBlockdev(
  drive: string,
  path: string,
  turn = 0,
): JsonObject & { driver: string; 'node-name': string } {
  return {
    driver: 'raw',
    'node-name': mediumNode(drive, turn),
    'read-only': true,
    file: { driver: 'file', filename: path, 'read-only': true },
  };
}

/** The block node of a disk's image, with the images below it. */
export function diskBlockdev({ id, path, format }: PlannedDisk): JsonObject & {
  driver: string;
  'node-name': string;
} {
  return {
    driver: format,
    'node-name': diskNode(id),
    discard: 'unmap',
    cache: diskCache,
    file: { driver: 'file', filename: path, cache: diskCache },
  };
}

/** The name of a disk's block node when it is attached. */
export function diskNode(id: string): string {
  return `${id}-image`;
}

/** A disk on a bus that takes devices while the guest runs. Its place follows from its id alone. */
export function pluggableDisk(
  disk: Pick<PlannedDisk, 'id' | 'bootIndex'> & { bus: 'virtio' | 'scsi' | 'nvme' },
  platform: Platform,
): JsonObject & { driver: string; id: string } {
  const { id, bus } = disk;
  const common = { id, drive: diskNode(id), bootindex: disk.bootIndex };
  switch (bus) {
    case 'virtio':
      return {
        driver: `virtio-blk-${transportOf(platform)}`,
        ...diskPlace(platform, id),
        ...common,
        ...diskFaults,
      };
    case 'scsi':
      return { driver: 'scsi-hd', ...scsiPlace(id), ...common, ...diskFaults };
    case 'nvme':
      // NVMe has no error policies in QEMU.
      return { driver: 'nvme', serial: id, ...diskPlace(platform, id), ...common };
  }
}

/** A fault of the host stops the machine until somebody has dealt with it; the guest sees none. */
const diskFaults = { werror: 'stop', rerror: 'stop' };

function transportOf(platform: Platform): 'ccw' | 'pci' {
  return platform === 's390-ccw-virtio' ? 'ccw' : 'pci';
}

/**
 * Whether a CD is a disk that cannot be written to. U-Boot has no driver for CDs on SCSI, and it looks at the first
 * virtio disk only, which such a CD is: its slot comes before the disks'.
 */
export function isFixedCd({ path }: PlannedDrive, { host }: QemuPlan): boolean {
  return path !== null && host.bootLoader !== undefined;
}

/** Disks, CDs and floppies, with the controllers that they need. */
export function storageArguments(plan: QemuPlan): string[] {
  const attach = new Attachments(plan);
  for (const disk of plan.disks) attach.disk(disk);
  for (const drive of plan.cdroms) attach.cdrom(drive);
  attach.floppies(plan.floppies);
  return [...attach.blockdevs, ...attach.devices];
}

class Attachments {
  readonly blockdevs: string[] = [];
  readonly devices: string[] = [];
  readonly #controllers = new Set<string>();
  #sataPorts = 0;
  #idePlaces = 0;

  constructor(private readonly plan: QemuPlan) {}

  disk(disk: PlannedDisk): void {
    this.#blockdev(diskBlockdev(disk));
    const { id, bus, bootIndex } = disk;
    const common = { id, drive: diskNode(id), bootindex: bootIndex, ...diskFaults };
    switch (bus) {
      case 'virtio':
      case 'nvme':
        this.#device(pluggableDisk({ id, bus, bootIndex }, this.plan.platform));
        break;
      case 'scsi':
        this.#scsi();
        this.#device(pluggableDisk({ id, bus, bootIndex }, this.plan.platform));
        break;
      case 'sata':
        this.#device({ driver: 'ide-hd', bus: this.#sataPort(), ...common });
        break;
      case 'ide':
        this.#device({ driver: 'ide-hd', ...this.#idePlace(), ...common });
        break;
    }
  }

  cdrom(drive: PlannedDrive): void {
    const { id, path, bootIndex } = drive;
    if (path !== null) this.#blockdev(mediumBlockdev(id, path));
    const common = { id, drive: path === null ? undefined : mediumNode(id), bootindex: bootIndex };
    switch (this.plan.platform) {
      case 'pc-q35':
        this.#device({ driver: 'ide-cd', bus: this.#sataPort(), ...common });
        break;
      case 'pc-i440fx':
        this.#device({ driver: 'ide-cd', ...this.#idePlace(), ...common });
        break;
      default:
        if (isFixedCd(drive, this.plan)) {
          this.#device({ driver: 'virtio-blk-pci', ...common });
          break;
        }
        this.#scsi();
        this.#device({ driver: 'scsi-cd', ...scsiPlace(id), ...common });
    }
  }

  floppies(drives: readonly PlannedDrive[]): void {
    if (drives.length === 0) return;
    const bus = this.#floppyController(drives);
    drives.forEach(({ id, path }, unit) => {
      if (path !== null) this.#blockdev(mediumBlockdev(id, path));
      const drive = path === null ? undefined : mediumNode(id);
      this.#device({ driver: 'floppy', bus, unit, id, drive, 'drive-type': '144' });
    });
  }

  /** The i440FX board has a controller, which can only be spoken to by a default; Q35 gets one. */
  #floppyController([first, second]: readonly PlannedDrive[]): string {
    if (this.plan.platform !== 'pc-i440fx') {
      const [bootindexA, bootindexB] = [first?.bootIndex, second?.bootIndex];
      this.#device({ driver: 'isa-fdc', id: 'fdc', bootindexA, bootindexB });
      return 'fdc.0';
    }
    [first, second].forEach((drive, index) => {
      if (!drive) return;
      const property = index === 0 ? 'bootindexA' : 'bootindexB';
      this.devices.push('-global', `driver=isa-fdc,property=${property},value=${drive.bootIndex}`);
    });
    return 'floppy-bus.0';
  }

  #scsi(): void {
    this.#controller({ driver: `virtio-scsi-${transportOf(this.plan.platform)}`, id: 'scsi' });
  }

  /** Q35 has an AHCI controller with six ports; other boards get one. */
  #sataPort(): string {
    const port = this.#sataPorts++;
    if (this.plan.platform === 'pc-q35' && port < 6) return `ide.${port}`;
    this.#controller({ driver: 'ich9-ahci', id: 'sata' });
    return `sata.${this.plan.platform === 'pc-q35' ? port - 6 : port}`;
  }

  /** Two channels with two places each; Q35 gets a controller for them. */
  #idePlace(): { bus: string; unit: number } {
    const place = this.#idePlaces++;
    const [bus, unit] = [Math.floor(place / 2), place % 2];
    if (this.plan.platform === 'pc-i440fx') return { bus: `ide.${bus}`, unit };
    this.#controller({ driver: 'piix3-ide', id: 'pata' });
    return { bus: `pata.${bus}`, unit };
  }

  #controller(device: JsonObject & { id: string }): void {
    if (this.#controllers.has(device.id)) return;
    this.#controllers.add(device.id);
    this.#device(device);
  }

  #blockdev(node: JsonObject): void {
    this.blockdevs.push('-blockdev', json(node));
  }

  #device(device: JsonObject): void {
    this.devices.push('-device', json(device));
  }
}
