import type { CommandName } from '@shared/ipc/contract';
import type { MachineSummary } from '@shared/machine/summary';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { call } from '../../bridge/client';
import { useApp } from '../../stores/app';
import { useClones } from '../../stores/clones';
import { useMachines } from '../../stores/machines';
import { useConfirm } from '../../ui/confirm';
import { reportError } from '../../ui/notify';
import { openConsole as showConsole } from '../../ui/open-console';
import { askClone } from '../clone/dialogs';
import { useSharing } from '../clone/use-sharing';
import { askTake } from '../snapshots/dialogs';
import { isPossible, type LibraryAction } from './actions';
import { useMove } from './use-move';

/** Commands that take only a machine's id and answer with its new summary. */
type PlainCommand = Extract<
  CommandName,
  | 'machine.start'
  | 'machine.pause'
  | 'machine.resume'
  | 'machine.reset'
  | 'machine.powerOff'
  | 'machine.discardSavedState'
>;

interface Options {
  /** Begins to rename a machine in place. */
  rename: (id: string) => void;
}

/** Does the library's actions, asking first where something would be lost. */
export function useLibraryActions({ rename }: Options) {
  const { t } = useI18n();
  const router = useRouter();
  const app = useApp();
  const machines = useMachines();
  const clones = useClones();
  const sharingText = useSharing();
  const confirm = useConfirm();
  const move = useMove();

  async function plain(command: PlainCommand, id: string): Promise<void> {
    machines.put(await call(command, { id }));
  }

  const openConsole = (id: string): Promise<unknown> => showConsole(id, t('library.popupBlocked'));

  async function confirmed(
    action: 'powerOff' | 'reset' | 'discardSavedState' | 'forget',
    chosen: MachineSummary[],
  ): Promise<boolean> {
    const answer = await confirm({
      title: t(`library.ask.${action}.title`, { name: chosen[0]?.name, count: chosen.length }, chosen.length),
      message: t(`library.ask.${action}.message`),
      details: [
        ...(chosen.length > 1 ? chosen.map(({ name }) => name) : []),
        ...(action === 'powerOff' ? forgotten(chosen) : []),
      ],
      choices: [
        {
          value: 'yes',
          label: t(`library.action.${action}`),
          color: action === 'forget' ? 'primary' : 'error',
        },
      ],
    });
    return answer === 'yes';
  }

  /** Machines that lose what has changed when they are powered off. */
  const forgotten = (chosen: MachineSummary[]): string[] =>
    chosen
      .filter(({ config }) => config?.discardOnPowerOff)
      .map(({ name }) => t('snapshots.protect.lost', { name }));

  async function askDelete(chosen: MachineSummary[]): Promise<'trash' | 'erase' | 'forget' | undefined> {
    const trash = {
      value: 'trash' as const,
      label: t('library.delete.trash'),
      description: t('library.delete.trashHint'),
      icon: 'i-lucide-trash-2',
    };
    return confirm({
      title: t('library.delete.title', { name: chosen[0]?.name, count: chosen.length }, chosen.length),
      message: [
        t('library.delete.message', chosen.length),
        // Nothing is taken from those.
        ...(await sharingText(chosen, (names) => t('clone.sharing.kept', { names }))),
      ].join(' '),
      details: chosen.map(({ folder }) => folder),
      choices: [
        ...(app.info?.canTrash ? [trash] : []),
        {
          value: 'erase',
          label: t('library.delete.erase'),
          description: t('library.delete.eraseHint'),
          icon: 'i-lucide-flame',
          color: 'error',
        },
        {
          value: 'forget',
          label: t('library.delete.forget'),
          description: t('library.delete.forgetHint'),
          icon: 'i-lucide-list-x',
        },
      ],
    });
  }

  /** One machine's part of an action that needs no further question. */
  function doOne(action: LibraryAction, machine: MachineSummary): Promise<unknown> {
    const { id } = machine;
    switch (action) {
      case 'start':
        return plain('machine.start', id);
      case 'pause':
        return plain('machine.pause', id);
      case 'resume':
        return plain('machine.resume', id);
      case 'reset':
        return plain('machine.reset', id);
      case 'powerOff':
        return plain('machine.powerOff', id);
      case 'discardSavedState':
        return plain('machine.discardSavedState', id);
      case 'powerButton':
        return call('machine.powerButton', { id });
      case 'save':
        return call('machine.save', { id });
      case 'openConsole':
        return openConsole(id);
      case 'move':
        return move(machine);
      case 'showInFolder':
        return call('machine.showInFolder', { id });
      case 'forget':
        return call('machine.delete', { id, how: 'forget' });
      case 'settings':
        return router.push({ name: 'settings', params: { id } });
      case 'snapshots':
        return router.push({ name: 'snapshots', params: { id } });
      case 'takeSnapshot':
        askTake(machine);
        return Promise.resolve();
      case 'clone':
      case 'fromTemplate':
        askClone(machine);
        return Promise.resolve();
      case 'template':
      case 'ordinary':
        return clones.setTemplate(id, action === 'template');
      case 'rescan':
        return machines.rescan();
      case 'rename':
        rename(id);
        return Promise.resolve();
      case 'delete':
        throw new Error('Deleting asks how, and is done by `remove`.');
    }
  }

  async function remove(chosen: MachineSummary[]): Promise<void> {
    const how = await askDelete(chosen);
    if (!how) return;
    await each(chosen, ({ id }) => call('machine.delete', { id, how }));
  }

  /** Does something with each machine; one that fails does not keep the others from being done. */
  async function each(
    chosen: MachineSummary[],
    act: (machine: MachineSummary) => Promise<unknown>,
  ): Promise<void> {
    const results = await Promise.allSettled(chosen.map(act));
    for (const result of results) if (result.status === 'rejected') reportError(result.reason);
  }

  /** Does an action with those of the machines with which it is possible. */
  async function run(action: LibraryAction, chosen: MachineSummary[]): Promise<void> {
    const able = chosen.filter((machine) => isPossible(action, machine, app.info?.canShowInFolder ?? false));
    if (able.length === 0) return;
    switch (action) {
      case 'delete':
        return remove(able);
      case 'rescan':
        return machines.rescan().catch(reportError);
      case 'powerOff':
      case 'reset':
      case 'discardSavedState':
      case 'forget':
        if (!(await confirmed(action, able))) return;
        break;
    }
    await each(able, (machine) => doOne(action, machine));
  }

  /** What Enter and a double click do: open the console, of a machine that is off after starting it. */
  async function open(machine: MachineSummary): Promise<void> {
    if (isPossible('openConsole', machine, false)) return run('openConsole', [machine]);
    if (!isPossible('start', machine, false)) return;
    // the window is opened first: a browser allows it only in answer to the key or click itself
    await each([machine], () => Promise.all([openConsole(machine.id), plain('machine.start', machine.id)]));
  }

  return { run, open };
}
export type RunAction = ReturnType<typeof useLibraryActions>['run'];
