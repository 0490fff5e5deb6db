import { Failure } from '@shared/errors';
import { call, inElectron } from '../bridge/client';

/**
 * Shows a machine's console, in a window or page of its own.
 *
 * @param popupBlocked what to say where the browser does not let us open one
 */
export function openConsole(id: string, popupBlocked: string): Promise<unknown> {
  if (inElectron()) return call('machine.openConsole', { id });
  // one page for each machine: a second opening shows the first page again
  const page = window.open(`/console.html?machine=${encodeURIComponent(id)}`, `console-${id}`);
  if (!page) return Promise.reject(new Failure('host.unavailable', popupBlocked));
  page.focus();
  return Promise.resolve();
}
