import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Machine } from '../machines/machine';

/** @throws Failure `machine.wrong-state` for a template: what machines are made of must stay what it is */
export function refuseTemplate({ config, name }: Pick<Machine, 'config' | 'name'>): void {
  if (!config?.template) return;
  throw new Failure('machine.wrong-state', phrase('clone.template', { name }), {
    hint: phrase('clone.templateHint'),
  });
}
