import { type CommandName, commands } from '@shared/ipc/contract';
import { type Field, fieldsOf, kebab } from './fields';

/** A command of the contract, as it is given on a command line. */
export interface ContractCommand {
  name: CommandName;
  /** What a person types: `['machine', 'power-button']`. */
  words: readonly string[];
  /** Values that are given by their place. */
  positionals: readonly Field[];
  /** Values that are given by their name: `--memory-mib 512`. */
  options: readonly Field[];
  /** Answers with a job, which is waited for. */
  job: boolean;
}

/** Commands for windows: they open a dialog or a page, or speak of what only a window has. */
const forWindows: ReadonlySet<string> = new Set<CommandName>([
  'app.cancelQuit',
  'app.desktop',
  'app.setLaunchAtLogin',
  'app.showFolder',
  'gallery.openPage',
  'host.listFolder',
  'host.pickPath',
  'media.discard',
  'machine.serialSocket',
  // Commands of the command line's own do it better.
  'machine.exec',
  'selftest.run',
  'machine.sshUser',
]);

function derive(name: CommandName): ContractCommand {
  const fields = fieldsOf(commands[name].params);
  // What must be given and is one word stands in its place; everything else has its name before it.
  const isWord = ({ required, nullable, kind, path }: Field): boolean =>
    required && !nullable && path.length === 1 && kind !== 'flag' && kind !== 'json';
  return {
    name,
    words: name.split('.').map(kebab),
    positionals: fields.filter(isWord),
    options: fields.filter((field) => !isWord(field)),
    job: 'job' in commands[name],
  };
}

/** Every command of the contract that is for people and scripts, by its place in the contract. */
export const contractCommands: readonly ContractCommand[] = (Object.keys(commands) as CommandName[])
  .filter((name) => !forWindows.has(name))
  .map(derive);

/** Other names for what is used most, of one word or two. */
export const shortForms: Readonly<Record<string, CommandName>> = {
  list: 'machine.list',
  show: 'machine.get',
  start: 'machine.start',
  pause: 'machine.pause',
  resume: 'machine.resume',
  reset: 'machine.reset',
  stop: 'machine.powerButton',
  kill: 'machine.powerOff',
  save: 'machine.save',
  rename: 'machine.rename',
  delete: 'machine.delete',
  clone: 'clone.create',
  type: 'machine.typeText',
  keys: 'machine.sendKeys',
  doctor: 'host.report',
  'disk list': 'disks.list',
  'disk remove': 'machine.removeDisk',
  'disk resize': 'disks.resize',
  'disk check': 'disks.check',
  'disk compact': 'disks.compact',
  'disk repair': 'disks.repair',
  'disk export': 'disks.export',
  'capture start': 'network.startCapture',
  'capture stop': 'network.stopCapture',
  'capture status': 'network.captureStatus',
  'capture packets': 'network.packets',
  'capture save': 'network.saveCapture',
};
