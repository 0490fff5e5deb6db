import { formatMiB } from '../../ui/format';

type Translate = (key: string, named?: Record<string, unknown>) => string;

/** Settings that have a name of their own in the page's language. */
const labels: Record<string, string> = {
  engine: 'settings.engine',
  memoryMiB: 'settings.memory',
  cpus: 'settings.cpus',
  boot: 'settings.boot',
  firmware: 'settings.firmware',
  videoMemoryMiB: 'settings.videoMemory',
  acpi: 'settings.acpi',
  sound: 'settings.sound',
  clipboard: 'settings.clipboard',
  serialPorts: 'settings.serialPorts',
  guest: 'settings.guest',
  architecture: 'snapshots.setting.architecture',
  machineType: 'snapshots.setting.machineType',
  bus: 'snapshots.setting.bus',
  path: 'snapshots.setting.medium',
  kind: 'snapshots.setting.kind',
  model: 'settings.nicModel',
  mac: 'settings.mac',
  connected: 'settings.connected',
  network: 'details.network',
};

const devices: [RegExp, string][] = [
  [/^disks\.disk(\d+)$/, 'snapshots.setting.disk'],
  [/^drives\.cd(\d+)$/, 'details.drive.cdrom'],
  [/^drives\.floppy(\d+)$/, 'details.drive.floppy'],
  [/^nics\.nic(\d+)$/, 'settings.nic'],
];

/** The name of a setting by its path, e.g. `Network card 1: Model`; a path that has none is shown as it is. */
export function settingLabel(path: string, t: Translate): string {
  const [, device = '', key = ''] = /^(?:(\w+\.\w+)\.)?(.+)$/.exec(path) ?? [];
  const own = labels[key];
  const label = own === undefined ? key : t(own);
  if (!device) return label;
  for (const [pattern, name] of devices) {
    const number = pattern.exec(device)?.[1];
    if (number !== undefined) return `${t(name, { number: Number(number) + 1 })}: ${label}`;
  }
  return path;
}

/** The value of a setting as a person reads it. */
export function settingValue(path: string, value: unknown, t: Translate, locale: string): string {
  if (path === 'clipboard') return t(`settings.clipboardValue.${typeof value === 'string' ? value : 'off'}`);
  if (value === undefined || value === null || value === '') return t('details.none');
  if (typeof value === 'boolean') return t(value ? 'snapshots.setting.on' : 'snapshots.setting.off');
  if (typeof value === 'number' && path.endsWith('MiB')) return formatMiB(value, locale);
  if (path.endsWith('.path') && typeof value === 'string') return value.split(/[/\\]/).at(-1) ?? value;
  if (Array.isArray(value)) {
    return value.map((one) => (path === 'boot' ? t(`settings.bootDevice.${one}`) : String(one))).join(' → ');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
