import type { BrowserWindow } from 'electron';
import type { OpenRequest } from '@shared/desktop/open-request';
import type { ShowTarget } from '@shared/desktop/target';
import { Failure, toErrorValue } from '@shared/errors';
import { hasProcess } from '@shared/machine/state';
import { phrase } from '@shared/phrases/phrase';
import type { ShellCore } from '../../core';
import { whenLoaded } from '../windows/windows';
import type { Known } from './known';

/** What opening something needs of the windows. */
interface OpenerWindows {
  showManager(): BrowserWindow;
  showConsole(id: string): void;
}

/** Leads the person to what was asked for: by a menu, a notification, a link, or a file that was opened. */
export class Opener {
  /** @param lead leads the page of a window somewhere */
  constructor(
    private readonly core: Pick<ShellCore, 'handlers'>,
    private readonly known: Pick<Known, 'machine'>,
    private readonly windows: OpenerWindows,
    private readonly lead: (window: BrowserWindow, target: ShowTarget) => void,
  ) {}

  /** Shows something in the manager window, opening that if need be. */
  show(target: ShowTarget): void {
    const window = this.windows.showManager();
    whenLoaded(window, () => this.lead(window, target));
  }

  /** Tells why something could not be done. What the person cancelled is no error. */
  tell(error: unknown): void {
    const value = toErrorValue(error);
    if (value.code !== 'cancelled') this.show({ kind: 'problem', error: value });
  }

  /** A link was not what our links look like. */
  badLink(): void {
    this.tell(
      new Failure('input.invalid', phrase('machine.badLink'), { hint: phrase('machine.badLinkHint') }),
    );
  }

  async open(requests: readonly OpenRequest[]): Promise<void> {
    for (const request of requests) {
      try {
        if (request.kind === 'machine') this.machine(request.id);
        else await this.path(request.path);
      } catch (error) {
        this.tell(error);
      }
    }
  }

  /** Shows a machine: its console while it runs, else its place in the library. Nothing is ever started by a link. */
  private machine(id: string): void {
    const machine = this.known.machine(id);
    if (!machine) throw new Failure('machine.not-found', phrase('machine.noSuchLink'));
    if (hasProcess(machine.state)) this.windows.showConsole(id);
    else this.show({ kind: 'machine', id });
  }

  private async path(path: string): Promise<void> {
    const opened = await this.core.handlers['app.openPath']({ path }, undefined);
    this.show(opened.kind === 'machine' ? { kind: 'machine', id: opened.id } : opened);
  }
}
