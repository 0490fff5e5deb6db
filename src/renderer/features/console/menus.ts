import type { DropdownMenuItem } from '@nuxt/ui/components/DropdownMenu.vue';
import type { DriveConfig } from '@shared/machine/config';
import type { MachineSummary } from '@shared/machine/summary';
import type { MachineCommands } from './commands';
import { type HostChords, keyCombos } from './key-combos';
import type { Tab, TabChoice } from './tabs';

type Translate = (key: string, named?: Record<string, unknown>) => string;

/** How the window shows the machine. */
export interface ViewState {
  scaling: 'fit' | 'actual';
  fullScreen: boolean;
  statusBar: boolean;
  /** Guests that can do so take the size of the window. */
  resizeGuest: boolean;
  tab: Tab;
}

const fileName = (path: string): string => path.split(/[/\\]/).pop() ?? path;

function driveLabel(drive: DriveConfig, t: Translate): string {
  if (drive.kind === 'cdrom') return t('console.media.cdrom');
  return t('console.media.floppy', { number: Number(drive.id.replace(/\D/g, '')) + 1 });
}

function driveItem(drive: DriveConfig, t: Translate, commands: MachineCommands): DropdownMenuItem {
  const possible = commands.allowed('insertMedium');
  return {
    label: driveLabel(drive, t),
    description: drive.path === null ? t('console.media.empty') : fileName(drive.path),
    icon: drive.kind === 'cdrom' ? 'i-lucide-disc' : 'i-lucide-save',
    children: [
      {
        label: t('console.media.insert'),
        icon: 'i-lucide-folder-open',
        disabled: !possible,
        onSelect: () => void commands.insert(drive.id, drive.kind),
      },
      {
        label: t('console.media.eject'),
        icon: 'i-lucide-log-out',
        disabled: !possible || drive.path === null,
        onSelect: () => void commands.eject(drive.id),
      },
    ],
  };
}

/** The menu *Machine*, with the group about its snapshots. */
export function machineMenu(
  machine: MachineSummary,
  canShowInFolder: boolean,
  t: Translate,
  commands: MachineCommands,
  snapshots: DropdownMenuItem[],
): DropdownMenuItem[][] {
  const { allowed } = commands;
  const item = (
    key: string,
    icon: string,
    action: Parameters<typeof allowed>[0],
    run: () => Promise<void>,
    color?: 'error',
  ): DropdownMenuItem => ({
    label: t(`console.machine.${key}`),
    icon,
    color,
    disabled: !allowed(action),
    onSelect: () => void run(),
  });
  const groups: DropdownMenuItem[][] = [
    [
      allowed('start')
        ? item(machine.state === 'saved' ? 'resume' : 'start', 'i-lucide-play', 'start', commands.start)
        : allowed('resume')
          ? item('resume', 'i-lucide-play', 'resume', commands.resume)
          : item('pause', 'i-lucide-pause', 'pause', commands.pause),
      item('save', 'i-lucide-hard-drive-download', 'save', commands.save),
    ],
    [
      item('shutDown', 'i-lucide-power', 'powerButton', commands.shutDown),
      item('reset', 'i-lucide-rotate-ccw', 'reset', commands.reset),
      item('powerOff', 'i-lucide-power-off', 'powerOff', commands.powerOff, 'error'),
    ],
    snapshots,
    (machine.config?.drives ?? []).map((drive) => driveItem(drive, t, commands)),
    [item('screenshot', 'i-lucide-camera', 'screenshot', commands.screenshot)],
  ];
  if (canShowInFolder) {
    groups.at(-1)?.push({
      label: t('console.machine.showInFolder'),
      icon: 'i-lucide-folder-search',
      onSelect: () => void commands.showInFolder(),
    });
  }
  return groups.filter((group) => group.length > 0);
}

/** The menu *Keys*. */
export function keysMenu(t: Translate, commands: MachineCommands): DropdownMenuItem[][] {
  const disabled = !commands.allowed('sendKeys');
  return [
    [
      {
        label: t('console.keys.typeClipboard'),
        description: t('console.keys.typeClipboardHint'),
        icon: 'i-lucide-clipboard-type',
        disabled,
        'data-testid': 'type-clipboard',
        onSelect: () => void commands.typeClipboard(),
      },
    ],
    [{ label: t('console.keys.hint'), type: 'label' }],
    ...keyCombos.map((group) =>
      group.map(({ id, label, keys }) => ({
        label,
        disabled,
        'data-testid': `keys-${id}`,
        onSelect: () => void commands.sendKeys(keys),
      })),
    ),
  ];
}

/** What a tab is called. */
export function tabLabel(tab: Tab, t: Translate): string {
  return typeof tab === 'number' ? t('console.view.serial', { number: tab + 1 }) : t(`console.view.${tab}`);
}

/** What a machine's engine adds to what can be seen of it. */
export interface EngineChoices {
  /** Guests are told the size of the window. */
  resizesScreen: boolean;
  /** The engine's monitor: whether it is offered, and how to change that; undefined where there is none. */
  monitor: { offered: boolean; toggle: () => void } | undefined;
}

/** The menu *View*. */
export function viewMenu(
  view: ViewState,
  tabs: readonly TabChoice[],
  engine: EngineChoices,
  chords: HostChords,
  t: Translate,
  change: (change: Partial<ViewState>) => void,
  toggleFullScreen: () => void,
): DropdownMenuItem[][] {
  const scaling = (value: ViewState['scaling'], icon: string): DropdownMenuItem => ({
    label: t(`console.view.${value}`),
    icon,
    type: 'checkbox',
    checked: view.scaling === value,
    onSelect: () => change({ scaling: value }),
  });
  const choices: DropdownMenuItem[] = tabs.map(({ value, icon, chord }) => ({
    label: tabLabel(value, t),
    icon,
    type: 'checkbox',
    checked: view.tab === value,
    kbds: [chord],
    onSelect: () => change({ tab: value }),
  }));
  const resizeGuest: DropdownMenuItem = {
    label: t('console.view.resizeGuest'),
    icon: 'i-lucide-move-diagonal',
    type: 'checkbox',
    checked: view.resizeGuest,
    onSelect: () => change({ resizeGuest: !view.resizeGuest }),
  };
  const { monitor } = engine;
  return [
    ...(choices.length > 1 ? [choices] : []),
    [
      scaling('fit', 'i-lucide-scaling'),
      scaling('actual', 'i-lucide-ratio'),
      ...(engine.resizesScreen ? [resizeGuest] : []),
    ],
    [
      {
        label: t(view.fullScreen ? 'console.view.leaveFullScreen' : 'console.view.fullScreen'),
        icon: view.fullScreen ? 'i-lucide-minimize' : 'i-lucide-maximize',
        kbds: [chords['full-screen']],
        onSelect: toggleFullScreen,
      },
      {
        label: t('console.view.statusBar'),
        icon: 'i-lucide-panel-bottom',
        type: 'checkbox',
        checked: view.statusBar,
        onSelect: () => change({ statusBar: !view.statusBar }),
      },
    ],
    ...(monitor
      ? [
          [
            {
              label: t('console.view.offerMonitor'),
              icon: 'i-lucide-wrench',
              type: 'checkbox' as const,
              checked: monitor.offered,
              onSelect: monitor.toggle,
            },
          ],
        ]
      : []),
  ];
}
