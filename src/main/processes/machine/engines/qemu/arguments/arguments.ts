import type { QemuPlan } from '../plan';
import type { QemuSockets } from '../sockets';
import { controlArguments, paravirtualArguments, serialArguments } from './characters';
import { keyValues } from './escape';
import { machineArguments, tpmArguments } from './machine';
import { networkArguments } from './network';
import { portArguments } from './places';
import { screenArguments } from './screen';
import { soundArguments } from './sound';
import { storageArguments } from './storage';

/**
 * The command line of QEMU for a plan. Pure. The machine starts stopped (`-S`), so that everything is connected
 * when its first instruction runs, and stays when the guest powers off (`-no-shutdown`), so that its end is ours.
 */
export function qemuArguments(plan: QemuPlan, sockets: QemuSockets): string[] {
  const { host } = plan;
  return [
    ...['-nodefaults', '-no-user-config'],
    ...['-name', keyValues('', { guest: plan.name })],
    ...(host.sandbox
      ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']
      : []),
    ...(host.dataFolder === null ? [] : ['-L', host.dataFolder]),
    ...['-S', '-no-shutdown'],
    ...machineArguments(plan),
    ...controlArguments(sockets),
    ...tpmArguments(plan, sockets),
    ...portArguments(plan.platform),
    ...storageArguments(plan),
    ...networkArguments(plan),
    ...screenArguments(plan, sockets),
    ...soundArguments(plan),
    ...serialArguments(plan, sockets),
    ...paravirtualArguments(plan, sockets),
    ...(plan.savedState === null ? [] : ['-incoming', 'defer']),
  ];
}
