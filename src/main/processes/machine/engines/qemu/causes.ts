import { type ErrorCode, Failure } from '@shared/errors';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import type { qemuEnd } from '@shared/phrases/qemu-end';

type Said = keyof typeof qemuEnd;

/** A message of QEMU that is seen often, what it means, and what to do about it. */
interface Cause {
  pattern: RegExp;
  code: ErrorCode;
  cause: Said;
  hint?: Said;
}

/** The most special ones first. */
const causes: readonly Cause[] = [
  {
    pattern: /Failed to get "?(?:shared )?"?\w+"? lock|Is another process using the image/i,
    code: 'disk.in-use',
    cause: 'diskLock',
    hint: 'diskLockHint',
  },
  {
    pattern: /Could not access KVM kernel module: Permission denied|\/dev\/kvm.*Permission denied/i,
    code: 'host.unavailable',
    cause: 'kvmDenied',
    hint: 'kvmDeniedHint',
  },
  {
    pattern: /Could not access KVM kernel module|failed to initialize kvm|KVM.*not supported/i,
    code: 'host.unavailable',
    cause: 'kvmMissing',
    hint: 'kvmMissingHint',
  },
  {
    pattern: /KVM: entry failed|kvm_buf_set_msrs|kvm run failed|KVM internal error/i,
    code: 'engine.failed',
    cause: 'kvmFailed',
    hint: 'kvmFailedHint',
  },
  {
    pattern: /HV_(?:DENIED|ERROR|NO_DEVICE|UNSUPPORTED)|failed to initialize hvf/i,
    code: 'host.unavailable',
    cause: 'hvf',
    hint: 'hvfHint',
  },
  {
    pattern: /WHPX: No accelerator found|failed to initialize whpx/i,
    code: 'host.unavailable',
    cause: 'whpx',
    hint: 'whpxHint',
  },
  {
    pattern: /CPU model 'host' requires|host CPU.*requires (?:KVM|HVF)/i,
    code: 'engine.unsupported',
    cause: 'hostProcessor',
  },
  {
    pattern: /unable to find CPU model/i,
    code: 'engine.unsupported',
    cause: 'processorModel',
    hint: 'processorModelHint',
  },
  {
    pattern: /unsupported machine type|No machine specified|machine type .* not supported/i,
    code: 'engine.unsupported',
    cause: 'machineType',
    hint: 'machineTypeHint',
  },
  {
    pattern:
      /is not a valid device model name|Device '?[\w-]+'? not found|module .* not found, do you want to install/i,
    code: 'engine.unsupported',
    cause: 'device',
    hint: 'deviceHint',
  },
  {
    pattern: /cannot set up guest memory|Cannot allocate memory|failed to allocate|unable to allocate/i,
    code: 'host.unavailable',
    cause: 'hostMemory',
    hint: 'hostMemoryHint',
  },
  {
    pattern: /Invalid RAM size|at most \d+ MB RAM can be simulated|ram size.*too large/i,
    code: 'engine.unsupported',
    cause: 'boardMemory',
    hint: 'boardMemoryHint',
  },
  {
    pattern: /Invalid SMP CPUs|Number of (?:SMP|hotpluggable) ?(?:CPUs|cpus).*exceed|max CPUs supported/i,
    code: 'engine.unsupported',
    cause: 'boardProcessors',
    hint: 'boardProcessorsHint',
  },
  {
    pattern: /Image is corrupt|qcow2: Marking image as corrupt|cannot be opened read\/write.*corrupt/i,
    code: 'disk.corrupt',
    cause: 'diskCorrupt',
    hint: 'diskCorruptHint',
  },
  {
    pattern: /Image is not in qcow2 format|Unknown driver|Unsupported qcow2/i,
    code: 'disk.unknown-format',
    cause: 'diskFormat',
  },
  {
    pattern: /Could not open backing file/i,
    code: 'file.not-found',
    cause: 'backingFile',
    hint: 'backingFileHint',
  },
  {
    pattern:
      /Could not open '[^']*'.*No such file|could not load .*(?:rom|bios|firmware|initrd|kernel)|No such file or directory/i,
    code: 'file.not-found',
    cause: 'fileMissing',
    hint: 'fileMissingHint',
  },
  {
    pattern: /Permission denied/i,
    code: 'file.denied',
    cause: 'fileDenied',
    hint: 'fileDeniedHint',
  },
  {
    pattern: /No space left on device/i,
    code: 'file.no-space',
    cause: 'noSpace',
    hint: 'noSpaceHint',
  },
  {
    pattern:
      /Unknown (?:savevm|ramblock|section)|error while loading state|load of migration failed|Length mismatch|State blocked/i,
    code: 'saved-state.mismatch',
    cause: 'savedState',
    hint: 'savedStateHint',
  },
  {
    pattern: /Address already in use/i,
    code: 'engine.failed',
    cause: 'addressInUse',
    hint: 'addressInUseHint',
  },
  {
    pattern: /seccomp|bad system call|SIGSYS/i,
    code: 'engine.failed',
    cause: 'sandbox',
    hint: 'sandboxHint',
  },
  {
    pattern: /error while loading shared libraries|Library not loaded|symbol lookup error/i,
    code: 'engine.not-found',
    cause: 'libraries',
    hint: 'librariesHint',
  },
];

/** How a QEMU ended. */
export interface QemuEnd {
  code: number | null;
  signal: string | null;
  /** The last lines that it printed. */
  lines: readonly string[];
}

/** Lines that are told as the cause. */
const toldLines = 6;

/** What to tell a person about a QEMU that ended by itself: a guess at the cause, its last words and its status. */
export function explainEnd({ code, signal, lines }: QemuEnd): Failure {
  const text = lines.join('\n');
  const found = causes.find(({ pattern }) => pattern.test(text)) ?? causeOfSignal(signal);
  const end = endOf(code, signal);
  const words = lines
    .filter((line) => line.trim() !== '')
    .slice(-toldLines)
    .join('\n');
  return new Failure(
    found?.code ?? 'engine.failed',
    found ? phrase('qemuEnd.because', { cause: phrase(`qemuEnd.${found.cause}`), end }) : end,
    {
      hint: phrase(`qemuEnd.${found?.hint ?? 'lookInLog'}`),
      cause: words === '' ? undefined : new Failure('engine.failed', words),
    },
  );
}

function endOf(code: number | null, signal: string | null): Phrase {
  if (signal !== null) return phrase('qemuEnd.signal', { signal });
  return code === null ? phrase('qemuEnd.notStarted') : phrase('qemuEnd.status', { status: code });
}

function causeOfSignal(signal: string | null): Omit<Cause, 'pattern'> | undefined {
  if (signal === 'SIGKILL') return { code: 'engine.failed', cause: 'killed', hint: 'killedHint' };
  if (signal === 'SIGSYS') return causes.find(({ cause }) => cause === 'sandbox');
  return undefined;
}
