import type { EngineCapabilities } from '../engine/capabilities';
import type { ErrorValue } from '../errors';
import { type GuestSource, type GuestSubject, subjectOf } from './subject';

const useQemu = 'The QEMU engine runs it: install QEMU on this computer and choose that engine.';

/** Why this engine cannot run this system, with what would; undefined when nothing speaks against it. Pure. */
export function refusal(source: GuestSource, capabilities: EngineCapabilities): ErrorValue | undefined {
  const subject = subjectOf(source);
  return (
    notAnImage(source, subject) ??
    unusableFormat(subject) ??
    wrongProcessor(subject, capabilities) ??
    tooWide(subject, capabilities) ??
    wrongFirmware(subject, capabilities)
  );
}

function unsupported(message: string, hint: string): ErrorValue {
  return { code: 'engine.unsupported', message, hint };
}

function notAnImage(source: GuestSource, { medium, title }: GuestSubject): ErrorValue | undefined {
  if (medium === 'kernel') {
    return unsupported(
      `${title} is a kernel by itself, and a machine starts from a CD, floppy or disk image.`,
      'Choose an image that has this kernel and a boot loader on it, such as the installation CD of its system.',
    );
  }
  if (medium !== 'unknown') return undefined;
  const said =
    'warnings' in source ? source.warnings.find(({ code }) => code === 'disk.unknown-format') : undefined;
  return (
    said ?? {
      code: 'disk.unknown-format',
      message: `${title} is neither a CD, a floppy nor a disk image that is known here.`,
      hint: 'Choose an ISO image, a floppy image, or a raw or qcow2 disk image.',
    }
  );
}

function unusableFormat({ medium, format, title }: GuestSubject): ErrorValue | undefined {
  if (medium !== 'disk' || format === undefined || format === 'raw' || format === 'qcow2') return undefined;
  return {
    code: 'disk.unsupported',
    message: `${title} is a disk image in ${format.toUpperCase()} format, which cannot be read here.`,
    hint: 'Convert it first: qemu-img convert -O qcow2 <image> <new image>.qcow2',
  };
}

function wrongProcessor(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  const { architecture, title } = subject;
  // Width is told apart below, with a better reason.
  if (architecture === 'unknown' || architecture === 'x86_64') return undefined;
  if (capabilities.architectures.includes(architecture)) return undefined;
  // A 64-bit PC runs 32-bit systems as well.
  if (architecture === 'i386' && capabilities.architectures.includes('x86_64')) return undefined;
  return unsupported(
    `${title} is for ${architecture} processors, which the engine “${capabilities.title}” does not have.`,
    'Choose the edition for PCs (i386) where there is one, or the QEMU engine, which has other processors.',
  );
}

function tooWide(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  if (capabilities.bits >= 64) return undefined;
  const { architecture, bits, title } = subject;
  const needs64 =
    bits.length > 0 ? !bits.some((width) => width <= capabilities.bits) : architecture === 'x86_64';
  if (!needs64) return undefined;
  return unsupported(
    `${title} is a 64-bit system, and the engine “${capabilities.title}” has a ${capabilities.bits}-bit processor.`,
    `${useQemu} Or choose a 32-bit (i386) edition of the system.`,
  );
}

function wrongFirmware(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  const { firmware, title } = subject;
  if (firmware.length === 0 || firmware.some((kind) => capabilities.firmware.includes(kind)))
    return undefined;
  return unsupported(
    `${title} starts from UEFI firmware only, and the engine “${capabilities.title}” has a BIOS.`,
    `${useQemu} Or choose an edition that starts from a BIOS (“legacy boot”).`,
  );
}
