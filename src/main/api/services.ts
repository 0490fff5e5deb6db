import type { CloneService } from '../clones/service';
import type { MachineMover } from '../disk-library/move-machine';
import type { DataMover } from '../data-folder/mover';
import type { DiskLibrary } from '../disk-library/service';
import type { CardService } from '../devices/cards';
import type { DiskService } from '../devices/disks';
import type { GalleryService } from '../gallery/service';
import type { GuestDatabase } from '../guests/guest-database';
import type { HostService } from '../host/service';
import type { JobRegistry } from '../jobs/registry';
import type { HostSleep } from '../machines/host-sleep';
import type { MachineService } from '../machines/service';
import type { Uploads } from '../media/uploads';
import type { NetworkService } from '../networks/service';
import type { Log } from '../platform/log';
import type { Shell } from '../platform/shell';
import type { PreferencesService } from '../preferences/service';
import type { SnapshotService } from '../snapshots/service';
import type { QuitService } from './quit';
import type { SelftestService } from '../selftest/service';

/** Everything that the handlers of the contract call. */
export interface Services {
  version: string;
  dataFolder: string;
  development: boolean;
  shell: Shell;
  log: Log;
  jobs: JobRegistry;
  machines: MachineService;
  networks: NetworkService;
  snapshots: SnapshotService;
  disks: DiskService;
  cards: CardService;
  clones: CloneService;
  diskLibrary: DiskLibrary;
  mover: MachineMover;
  gallery: GalleryService;
  guests: GuestDatabase;
  host: HostService;
  uploads: Uploads;
  preferences: PreferencesService;
  selftest: SelftestService;
  quit: QuitService;
  dataMover: DataMover;
  hostSleep: HostSleep;
}
