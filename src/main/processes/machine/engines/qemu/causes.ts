import { type ErrorCode, Failure } from '@shared/errors';

/** A message of QEMU that is seen often, what it means, and what to do about it. */
interface Cause {
  pattern: RegExp;
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** The most special ones first. */
const causes: readonly Cause[] = [
  {
    pattern: /Failed to get "?(?:shared )?"?\w+"? lock|Is another process using the image/i,
    code: 'disk.in-use',
    message: 'Another program uses a disk of this machine.',
    hint: 'Power off the machine or close the program that has the disk open, then try again.',
  },
  {
    pattern: /Could not access KVM kernel module: Permission denied|\/dev\/kvm.*Permission denied/i,
    code: 'host.unavailable',
    message: 'This user may not use KVM.',
    hint: 'Add the user to the group “kvm” (sudo usermod -aG kvm $USER) and log in again.',
  },
  {
    pattern: /Could not access KVM kernel module|failed to initialize kvm|KVM.*not supported/i,
    code: 'host.unavailable',
    message: 'KVM does not work on this computer.',
    hint: 'Switch virtualisation on in the computer’s firmware, and load the kernel module kvm_intel or kvm_amd.',
  },
  {
    pattern: /KVM: entry failed|kvm_buf_set_msrs|kvm run failed|KVM internal error/i,
    code: 'engine.failed',
    message: 'KVM failed while it ran the guest.',
    hint: 'This happens under another hypervisor. Start the machine again: it will be probed and run without KVM.',
  },
  {
    pattern: /HV_(?:DENIED|ERROR|NO_DEVICE|UNSUPPORTED)|failed to initialize hvf/i,
    code: 'host.unavailable',
    message: 'Apple’s hypervisor refuses to work.',
    hint: 'QEMU must be signed with the entitlement com.apple.security.hypervisor; Homebrew’s is.',
  },
  {
    pattern: /WHPX: No accelerator found|failed to initialize whpx/i,
    code: 'host.unavailable',
    message: 'The Windows Hypervisor Platform is switched off.',
    hint: 'Switch on the Windows feature “Windows Hypervisor Platform” and restart.',
  },
  {
    pattern: /CPU model 'host' requires|host CPU.*requires (?:KVM|HVF)/i,
    code: 'engine.unsupported',
    message: 'The host’s own processor can only be given to a guest with hardware acceleration.',
  },
  {
    pattern: /unable to find CPU model/i,
    code: 'engine.unsupported',
    message: 'This QEMU does not know the processor model.',
    hint: 'Choose another processor model, or update QEMU.',
  },
  {
    pattern: /unsupported machine type|No machine specified|machine type .* not supported/i,
    code: 'engine.unsupported',
    message: 'This QEMU does not know the machine’s hardware version.',
    hint: 'Install a QEMU that is at least as new as the one that the machine was made with.',
  },
  {
    pattern:
      /is not a valid device model name|Device '?[\w-]+'? not found|module .* not found, do you want to install/i,
    code: 'engine.unsupported',
    message: 'This QEMU was built without a device that the machine has.',
    hint: 'Install the rest of QEMU’s packages (Debian: qemu-system-gui, qemu-block-extra), or change the hardware.',
  },
  {
    pattern: /cannot set up guest memory|Cannot allocate memory|failed to allocate|unable to allocate/i,
    code: 'host.unavailable',
    message: 'This computer does not have enough free memory for the machine.',
    hint: 'Close something, or give the machine less memory.',
  },
  {
    pattern: /Invalid RAM size|at most \d+ MB RAM can be simulated|ram size.*too large/i,
    code: 'engine.unsupported',
    message: 'The board cannot have that much memory.',
    hint: 'Give the machine less memory; a 32-bit PC takes about 2 GiB.',
  },
  {
    pattern: /Invalid SMP CPUs|Number of (?:SMP|hotpluggable) ?(?:CPUs|cpus).*exceed|max CPUs supported/i,
    code: 'engine.unsupported',
    message: 'The board cannot have that many processors.',
    hint: 'Give the machine fewer processors.',
  },
  {
    pattern: /Image is corrupt|qcow2: Marking image as corrupt|cannot be opened read\/write.*corrupt/i,
    code: 'disk.corrupt',
    message: 'A disk of this machine is damaged.',
    hint: 'Copy the image first, then try: qemu-img check -r all <image>',
  },
  {
    pattern: /Image is not in qcow2 format|Unknown driver|Unsupported qcow2/i,
    code: 'disk.unknown-format',
    message: 'A disk of this machine is not in the format that its name says.',
  },
  {
    pattern: /Could not open backing file/i,
    code: 'file.not-found',
    message: 'A disk stands on another image that is missing.',
    hint: 'Put the missing image back to where it was.',
  },
  {
    pattern:
      /Could not open '[^']*'.*No such file|could not load .*(?:rom|bios|firmware|initrd|kernel)|No such file or directory/i,
    code: 'file.not-found',
    message: 'A file that the machine needs is missing.',
    hint: 'Where it is one of QEMU’s own (a ROM, a BIOS), install QEMU again.',
  },
  {
    pattern: /Permission denied/i,
    code: 'file.denied',
    message: 'QEMU may not open a file of this machine.',
    hint: 'Check who owns the file, and whether AppArmor or SELinux keeps QEMU in (journalctl -g qemu).',
  },
  {
    pattern: /No space left on device/i,
    code: 'file.no-space',
    message: 'No space is left on a disk of this computer.',
    hint: 'Free some space, then try again.',
  },
  {
    pattern:
      /Unknown (?:savevm|ramblock|section)|error while loading state|load of migration failed|Length mismatch|State blocked/i,
    code: 'saved-state.mismatch',
    message: 'This QEMU cannot go on from the saved state.',
    hint: 'Discard the saved state; the disks are not affected, and the machine starts as after a loss of power.',
  },
  {
    pattern: /Address already in use/i,
    code: 'engine.failed',
    message: 'A socket or port of the machine is in use.',
    hint: 'Another machine or program has it: end that, or change the port.',
  },
  {
    pattern: /seccomp|bad system call|SIGSYS/i,
    code: 'engine.failed',
    message: 'QEMU’s own sandbox stopped it.',
    hint: 'Update QEMU: this is a defect of this version with this system’s libraries.',
  },
  {
    pattern: /error while loading shared libraries|Library not loaded|symbol lookup error/i,
    code: 'engine.not-found',
    message: 'QEMU’s installation is incomplete.',
    hint: 'Install QEMU again.',
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
  const cause = causes.find(({ pattern }) => pattern.test(text)) ?? causeOfSignal(signal);
  const how =
    signal !== null
      ? `was ended by ${signal}`
      : code === null
        ? 'could not be started'
        : `ended with status ${code}`;
  const words = lines
    .filter((line) => line.trim() !== '')
    .slice(-toldLines)
    .join('\n');
  return new Failure(cause?.code ?? 'engine.failed', `${cause ? `${cause.message} ` : ''}QEMU ${how}.`, {
    hint: cause?.hint ?? 'The machine’s log has all that QEMU said.',
    cause: words === '' ? undefined : new Failure('engine.failed', words),
  });
}

function causeOfSignal(signal: string | null): Omit<Cause, 'pattern'> | undefined {
  if (signal === 'SIGKILL') {
    return {
      code: 'engine.failed',
      message: 'Something on this computer killed QEMU, as the kernel does when memory runs out.',
      hint: 'Look for “Out of memory” in the system’s log (journalctl -k); give the machine less memory.',
    };
  }
  if (signal === 'SIGSYS') return causes.find(({ message }) => message.includes('sandbox'));
  return undefined;
}
