import { Failure } from '@shared/errors';
import { longestTyping } from '@shared/ipc/contract';
import { isAllowed, type MachineAction } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import type { Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { call } from '../../bridge/client';
import { useApp } from '../../stores/app';
import { useMachines } from '../../stores/machines';
import { useConfirm } from '../../ui/confirm';
import { notify, reportError } from '../../ui/notify';
import { usePickPath } from '../../ui/pick-path';
import { readClipboard } from './clipboard';
import { bytesOfBase64, datedFileName, downloadFile } from './download';

type Simple =
  | 'machine.start'
  | 'machine.pause'
  | 'machine.resume'
  | 'machine.reset'
  | 'machine.powerOff'
  | 'machine.discardSavedState';

/** What can be done with the console's machine; errors appear as messages, dangerous things are asked for. */
export function useMachineCommands(machine: Ref<MachineSummary | null | undefined>) {
  const { t } = useI18n();
  const machines = useMachines();
  const app = useApp();
  const confirm = useConfirm();
  const pickPath = usePickPath();

  const allowed = (action: MachineAction): boolean =>
    Boolean(machine.value && !machine.value.inaccessible && isAllowed(action, machine.value.state));

  /** Runs `task` for the machine, if there is one, and shows its error. */
  async function attempt(task: (machine: MachineSummary) => Promise<void>): Promise<void> {
    if (!machine.value) return;
    try {
      await task(machine.value);
    } catch (error) {
      reportError(error);
    }
  }

  const run = (name: Simple): Promise<void> =>
    attempt(async ({ id }) => machines.put(await call(name, { id })));

  const confirmed = (kind: 'reset' | 'powerOff', icon: string): Promise<void> =>
    attempt(async ({ id, name, config }) => {
      const label = t(`console.machine.${kind}`).replace('…', '');
      const forgets = kind === 'powerOff' && config?.discardOnPowerOff;
      const answer = await confirm({
        title: t(`console.confirm.${kind}Title`, { name }),
        message: t(`console.confirm.${kind}Text`),
        details: forgets ? [t('snapshots.protect.lost', { name })] : [],
        choices: [{ value: 'yes', label, icon, color: 'error' }],
      });
      if (answer === 'yes') machines.put(await call(`machine.${kind}`, { id }));
    });

  return {
    allowed,
    start: () => run('machine.start'),
    pause: () => run('machine.pause'),
    resume: () => run('machine.resume'),
    reset: () => confirmed('reset', 'i-lucide-rotate-ccw'),
    powerOff: () => confirmed('powerOff', 'i-lucide-power-off'),
    shutDown: () => attempt(({ id }) => call('machine.powerButton', { id })),
    save: () =>
      attempt(async ({ id }) => {
        await call('machine.save', { id });
      }),
    showInFolder: () => attempt(({ id }) => call('machine.showInFolder', { id })),
    typeClipboard: () =>
      attempt(async ({ id }) => {
        const text = await readClipboard();
        if (text === '') throw new Failure('input.invalid', t('console.keys.clipboardEmpty'));
        if (text.length > longestTyping) {
          throw new Failure('input.invalid', t('console.keys.clipboardLong', { count: longestTyping }));
        }
        await call('machine.typeText', { id, text });
      }),
    sendKeys: (keys: string[]) => attempt(({ id }) => call('machine.sendKeys', { id, keys })),
    eject: (drive: string) =>
      attempt(async ({ id }) => machines.put(await call('machine.insertMedium', { id, drive, path: null }))),
    insert: (drive: string, kind: 'cdrom' | 'floppy') =>
      attempt(async ({ id }) => {
        const path = await pickPath(kind);
        if (path) machines.put(await call('machine.insertMedium', { id, drive, path }));
      }),
    screenshot: () =>
      attempt(async ({ id, name }) => {
        const { path, png } = await call('machine.screenshot', { id });
        if (app.info?.shell === 'browser') {
          const image = new Blob([bytesOfBase64(png)], { type: 'image/png' });
          downloadFile(datedFileName(name, 'png'), image);
        }
        notify(t('console.screenshot.saved'), { description: path, icon: 'i-lucide-camera' });
      }),
  };
}
export type MachineCommands = ReturnType<typeof useMachineCommands>;
