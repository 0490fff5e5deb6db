import { Failure } from '@shared/errors';
import type { Machine } from '../machines/machine';

/** @throws Failure `machine.wrong-state` for a template: what machines are made of must stay what it is */
export function refuseTemplate({ config, name }: Pick<Machine, 'config' | 'name'>): void {
  if (!config?.template) return;
  throw new Failure('machine.wrong-state', `“${name}” is a template, which is not started.`, {
    hint: 'Make a new machine from it, or turn it into an ordinary machine first.',
  });
}
