import { describe, expect, it } from 'vitest';
import { desktopTexts } from '@shared/desktop/texts';
import { machineStates, type MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { testConfig } from '../../../../test/helpers/machine-config';
import { type MenuAction, type MenuEntry, toTemplate } from './entry';
import { menuBar, type MenuSurroundings } from './menu-bar';
import { trayModel } from './tray-menu';

const texts = desktopTexts('en', 'en');

function machine(state: MachineState, name = 'Alpha'): MachineSummary {
  const config = testConfig({ name });
  const { id } = config;
  return {
    id,
    name,
    folder: '/x',
    state,
    config,
    inaccessible: false,
    problem: null,
    runtime: null,
    savedAt: null,
  };
}

const on = (platform: NodeJS.Platform, more: Partial<MenuSurroundings> = {}): MenuEntry[] =>
  menuBar({
    platform,
    texts,
    machine: undefined,
    focused: true,
    development: false,
    ...more,
  });
const labels = (entries: readonly MenuEntry[]): string[] => entries.flatMap(({ label }) => label ?? []);
const all = (entries: readonly MenuEntry[]): MenuEntry[] =>
  entries.flatMap((entry) => [entry, ...all(entry.submenu ?? [])]);
const find = (entries: readonly MenuEntry[], label: string): MenuEntry | undefined =>
  all(entries).find((entry) => entry.label === label);

describe('the menu bar', () => {
  it('begins with the menu of the program on a Mac, which has preferences and the way out', () => {
    const bar = on('darwin');
    expect(labels(bar)).toEqual(['Vivarium', 'File', 'Edit', 'View', 'Window', 'Help']);
    expect(labels(bar[0]?.submenu ?? [])).toEqual(expect.arrayContaining(['Preferences…', 'Quit Vivarium']));
    expect(labels(bar[1]?.submenu ?? [])).not.toContain('Quit Vivarium');
  });

  it.each(['linux', 'win32'] as const)('has the way out in the first menu on %s', (platform) => {
    const bar = on(platform);
    expect(labels(bar)).toEqual(['File', 'Edit', 'View', 'Help']);
    expect(labels(bar[0]?.submenu ?? []).slice(-2)).toEqual(['Preferences…', 'Quit Vivarium']);
  });

  it('has no key twice, and every entry says something and does something', () => {
    for (const platform of ['darwin', 'linux', 'win32'] as const) {
      const entries = all(on(platform, { machine: machine('running') }));
      const keys = entries.flatMap(({ accelerator }) => accelerator ?? []);
      expect(new Set(keys).size).toBe(keys.length);
      for (const entry of entries) {
        if (entry.type === 'separator') continue;
        expect(entry.label).toBeTruthy();
        expect(entry.action ?? entry.role ?? entry.submenu, entry.label).toBeDefined();
      }
    }
  });

  it('follows the machine of the console with the focus', () => {
    for (const state of machineStates) {
      const bar = on('darwin', { machine: machine(state) });
      expect(find(bar, 'Power Off…')?.enabled).toBe(
        ['starting', 'running', 'paused', 'stopping', 'restoring'].includes(state),
      );
      expect(find(bar, 'Resume') !== undefined).toBe(state === 'paused');
      expect(find(bar, 'Go On from Saved State') !== undefined).toBe(state === 'saved');
    }
    expect(find(on('darwin'), 'Machine')).toBeUndefined();
  });

  it('offers crash reports, and tools to developers only', () => {
    expect(find(on('linux'), 'Open Crash Reports Folder')).toBeDefined();
    expect(find(on('linux'), 'Developer Tools')).toBeUndefined();
    expect(find(on('linux', { development: true }), 'Developer Tools')).toBeDefined();
  });

  it('is the same menu in another language', () => {
    const shape = (entries: readonly MenuEntry[]): unknown =>
      entries.map(({ label, submenu, ...rest }) => ({
        ...rest,
        said: Boolean(label),
        submenu: submenu && shape(submenu),
      }));
    expect(shape(on('linux', { texts: desktopTexts('zh-CN', 'en') }))).toEqual(shape(on('linux')));
    expect(labels(on('linux', { texts: desktopTexts('zh-CN', 'en') }))).toEqual([
      '文件',
      '编辑',
      '查看',
      '帮助',
    ]);
  });
});

describe('the tray', () => {
  it('has the machines that run, by name, with what can be done with them', () => {
    const { tooltip, entries } = trayModel(
      [
        machine('running', 'Beta 10'),
        machine('off', 'Gamma'),
        machine('paused', 'Beta 9'),
        machine('saved', 'Delta'),
      ],
      texts,
    );
    expect(tooltip).toBe('Vivarium: 2 running');
    const machines = entries.filter(({ submenu }) => submenu);
    expect(labels(machines)).toEqual(['Beta 9 (paused)', 'Beta 10']);
    expect(labels(machines[0]?.submenu ?? [])).toEqual([
      'Show',
      'Resume',
      'Save State',
      'Shut Down',
      'Reset…',
      'Power Off…',
    ]);
    expect(machines[0]?.submenu?.find(({ label }) => label === 'Shut Down')?.enabled).toBe(false);
  });

  it('says that none runs', () => {
    const { tooltip, entries } = trayModel([machine('off')], texts);
    expect(tooltip).toBe('Vivarium');
    expect(entries).toContainEqual({ label: 'No machine is running', enabled: false });
    expect(labels(entries)).toContain('Quit Vivarium');
  });
});

it('menus of Electron run what was chosen', () => {
  const chosen: MenuAction[] = [];
  const template = toTemplate(on('linux'), (action) => chosen.push(action));
  const file = template[0]?.submenu as Electron.MenuItemConstructorOptions[];
  expect(file[0]).toMatchObject({ label: 'New Machine…', registerAccelerator: false });
  (file[0]?.click as () => void)();
  expect(chosen).toEqual([{ do: 'show', target: { kind: 'page', page: 'create' } }]);
});
