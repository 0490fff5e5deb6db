import type { CommandName } from '@shared/ipc/contract';
import { machineSummary } from '@shared/machine/summary';

/** What the tables of lists show, where it is not their first six plain values. */
const columns: Partial<Record<CommandName, readonly string[]>> = {
  'machine.list': ['name', 'state', 'config.engine', 'config.architecture', 'config.memoryMiB', 'id'],
  'gallery.list': ['entry.id', 'entry.name', 'entry.architecture', 'status', 'entry.licence'],
  'host.engines': ['capabilities.id', 'capabilities.title', 'capabilities.version', 'available'],
  'network.list': ['id', 'config.name', 'config.kind', 'config.subnet', 'running'],
  'job.list': ['title', 'kind', 'state', 'done', 'total', 'id'],
};

/** Results that are a list with something beside it: people see the list. */
const lists: Partial<Record<CommandName, { list: string; columns: readonly string[] }>> = {
  'snapshot.list': { list: 'snapshots', columns: ['name', 'state', 'memory', 'createdAt', 'ownBytes', 'id'] },
};

/** What of a result a person sees. */
export function shownOf(name: CommandName, result: unknown): { value: unknown; columns?: readonly string[] } {
  // Who has started a machine wants to know that it runs, not everything that it is.
  if (name !== 'machine.get') {
    const summary = machineSummary.safeParse(result);
    if (summary.success) return { value: `${summary.data.name}: ${summary.data.state}` };
  }
  const within = lists[name];
  if (!within) return { value: result, ...(columns[name] && { columns: columns[name] }) };
  return { value: (result as Record<string, unknown>)[within.list], columns: within.columns };
}
