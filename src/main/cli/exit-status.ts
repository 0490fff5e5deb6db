import type { ErrorCode } from '@shared/errors';

/** What the exit status of `vivarium` says; scripts rely on these numbers. */
export const exitStatus = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  wrongState: 4,
  refused: 5,
  timeout: 6,
  cancelled: 7,
  unavailable: 8,
  corrupt: 9,
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  cancelled: exitStatus.cancelled,
  timeout: exitStatus.timeout,
  'ipc.bad-message': exitStatus.refused,
  'ipc.denied': exitStatus.refused,
  'input.invalid': exitStatus.refused,
  'file.not-found': exitStatus.notFound,
  'file.denied': exitStatus.refused,
  'file.exists': exitStatus.refused,
  'machine.wrong-state': exitStatus.wrongState,
  'machine.locked': exitStatus.wrongState,
  'library.locked': exitStatus.wrongState,
  'disk.in-use': exitStatus.wrongState,
  'network.in-use': exitStatus.wrongState,
  'network.idle': exitStatus.wrongState,
  'engine.unsupported': exitStatus.unavailable,
  'host.unavailable': exitStatus.unavailable,
};

/** The exit status for an error: by its code, or by what the code ends in. */
export function statusOf(code: ErrorCode): number {
  const known = byCode[code];
  if (known !== undefined) return known;
  if (code.endsWith('.not-found')) return exitStatus.notFound;
  if (/\.(corrupt|truncated|broken|mismatch)$/.test(code)) return exitStatus.corrupt;
  return exitStatus.failed;
}
