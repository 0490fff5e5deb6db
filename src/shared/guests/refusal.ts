import type { EngineCapabilities } from '../engine/capabilities';
import { type ErrorCode, type ErrorValue, Failure } from '../errors';
import { phrase } from '../phrases/phrase';
import type { guest as phrases } from '../phrases/guest';
import { type GuestSource, type GuestSubject, subjectOf } from './subject';

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

/** An error in words of the phrase table; `reason` has a hint of its own there. */
function because(
  reason: Exclude<keyof typeof phrases, `${string}Hint`>,
  params: Record<string, string | number>,
  code: ErrorCode = 'engine.unsupported',
): ErrorValue {
  const hint = phrase(`guest.${reason}Hint`);
  return new Failure(code, phrase(`guest.${reason}`, params), { hint }).toValue();
}

function notAnImage(source: GuestSource, { medium, title }: GuestSubject): ErrorValue | undefined {
  if (medium === 'kernel') return because('kernel', { title });
  if (medium !== 'unknown') return undefined;
  const said =
    'warnings' in source ? source.warnings.find(({ code }) => code === 'disk.unknown-format') : undefined;
  return said ?? because('unknown', { title }, 'disk.unknown-format');
}

function unusableFormat({ medium, format, title }: GuestSubject): ErrorValue | undefined {
  if (medium !== 'disk' || format === undefined || format === 'raw' || format === 'qcow2') return undefined;
  return because('diskFormat', { title, format: format.toUpperCase() }, 'disk.unsupported');
}

function wrongProcessor(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  const { architecture, title } = subject;
  // Width is told apart below, with a better reason.
  if (architecture === 'unknown' || architecture === 'x86_64') return undefined;
  if (capabilities.architectures.includes(architecture)) return undefined;
  // A 64-bit PC runs 32-bit systems as well.
  if (architecture === 'i386' && capabilities.architectures.includes('x86_64')) return undefined;
  return because('processor', { title, architecture, engine: capabilities.title });
}

function tooWide(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  if (capabilities.bits >= 64) return undefined;
  const { architecture, bits, title } = subject;
  const needs64 =
    bits.length > 0 ? !bits.some((width) => width <= capabilities.bits) : architecture === 'x86_64';
  if (!needs64) return undefined;
  return because('tooWide', { title, engine: capabilities.title, bits: capabilities.bits });
}

function wrongFirmware(subject: GuestSubject, capabilities: EngineCapabilities): ErrorValue | undefined {
  const { firmware, title } = subject;
  if (firmware.length === 0 || firmware.some((kind) => capabilities.firmware.includes(kind)))
    return undefined;
  return because('uefiOnly', { title, engine: capabilities.title });
}
