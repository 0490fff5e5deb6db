import type { CommandName } from '@shared/ipc/contract';

/** Command lines that help shows for commands of the contract. */
export const examples: Partial<Record<CommandName, readonly string[]>> = {
  'machine.list': ['vivarium list', 'vivarium list --json | jq -r .name'],
  'machine.get': ['vivarium show Trial', 'vivarium show Trial --json | jq .config.memoryMiB'],
  'machine.start': ['vivarium start Trial', 'vivarium start Trial --wait --timeout 120'],
  'machine.powerButton': ['vivarium stop Trial --wait'],
  'machine.configure': ['vivarium machine configure Trial --memory-mib 512'],
  'machine.delete': ['vivarium delete Trial trash'],
  'machine.insertMedium': [
    'vivarium machine insert-medium Trial cd0 --path ~/debian.iso',
    'vivarium machine insert-medium Trial cd0 --path -',
  ],
  'machine.sendKeys': ['vivarium keys Trial ControlLeft,AltLeft,Delete'],
  'machine.typeText': ["vivarium type Trial $'uname -a\\n'"],
  'snapshot.take': ['vivarium snapshot take Trial --memory --name "before the upgrade"'],
  'snapshot.restore': ['vivarium snapshot restore Trial "before the upgrade"'],
  'snapshot.delete': ['vivarium snapshot delete Trial first,second'],
  'clone.create': ['vivarium clone Trial Copy full', 'vivarium clone Trial Copy linked --snapshot fresh'],
  'network.create': ['vivarium network create --kind isolated --name Lab'],
  'network.startCapture': ['vivarium capture start nat'],
  'network.saveCapture': ["vivarium capture save nat 'tcp port 80'", "vivarium capture save nat ''"],
  'gallery.download': ['vivarium gallery download alpine'],
  'app.quit': ['vivarium app quit save'],
};
