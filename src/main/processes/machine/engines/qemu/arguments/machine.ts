import { isPc } from '@shared/engine/qemu/platform';
import { processorCount } from '@shared/engine/qemu/topology';
import type { QemuPlan } from '../plan';
import type { QemuSockets } from '../sockets';
import { json, keyValues } from './escape';
import { soundLine } from './sound';

/** The board, its processors, memory, clock and firmware. */
export function machineArguments(plan: QemuPlan): string[] {
  const { host, platform, topology } = plan;
  return [
    ...['-machine', machine(plan)],
    ...['-accel', host.accelerator + host.acceleratorOptions],
    ...(host.cpuModel === 'default' ? [] : ['-cpu', host.cpuModel]),
    ...['-smp', keyValues('', { cpus: processorCount(topology), ...topology })],
    ...['-m', keyValues('', { size: `${plan.memoryMiB}M` })],
    ...['-uuid', plan.uuid],
    ...['-rtc', clock(plan)],
    ...(isPc(platform) ? ['-boot', 'menu=off,strict=on'] : []),
    ...firmware(plan),
  ];
}

function machine({ host, platform, acpi, sound }: QemuPlan): string {
  const options: Record<string, string | boolean> = { 'dump-guest-core': false };
  if (isPc(platform)) {
    options['vmport'] = false;
    if (!acpi) options['acpi'] = false;
    if (sound) options['pcspk-audiodev'] = soundLine;
  }
  // The default, version 2, ends at eight processors.
  if (host.architecture === 'aarch64') options['gic-version'] = host.accelerator === 'tcg' ? '3' : 'max';
  if (host.firmware) {
    options['pflash0'] = 'firmware-code';
    options['pflash1'] = 'firmware-variables';
    if (host.firmware.systemManagement) options['smm'] = true;
  }
  return keyValues(host.machineType, options);
}

/** A TPM 2.0 by its command response buffer on a PC, and as the board of 64-bit ARM has it. */
export function tpmArguments({ tpm, platform }: QemuPlan, sockets: QemuSockets): string[] {
  if (!tpm) return [];
  const driver = isPc(platform) ? 'tpm-crb' : 'tpm-tis-device';
  return [
    ...['-chardev', keyValues('socket', { id: 'tpm-line', path: sockets.tpm })],
    ...['-tpmdev', 'emulator,id=tpm-emulator,chardev=tpm-line'],
    ...['-device', json({ driver, id: 'tpm', tpmdev: 'tpm-emulator' })],
  ];
}

/** On PCs lost timer ticks are caught up with slowly, or the clock of a guest that counts them would go wrong. */
function clock({ localClock, platform }: QemuPlan): string {
  const base = localClock ? 'localtime' : 'utc';
  return isPc(platform) ? keyValues('', { base, driftfix: 'slew' }) : keyValues('', { base });
}

function firmware({ host, variables }: QemuPlan): string[] {
  if (host.bootLoader !== undefined) return ['-kernel', host.bootLoader];
  if (!host.firmware || variables === null) return [];
  const { code, codeFormat, variablesFormat, systemManagement } = host.firmware;
  return [
    '-blockdev',
    json({
      driver: codeFormat,
      'node-name': 'firmware-code',
      'read-only': true,
      file: { driver: 'file', filename: code, 'read-only': true },
    }),
    '-blockdev',
    json({
      driver: variablesFormat,
      'node-name': 'firmware-variables',
      file: { driver: 'file', filename: variables },
    }),
    ...(systemManagement ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
  ];
}
