import type { RfbInput } from '../input';

/** Notes every call as one line. */
export function recordedInput(): RfbInput & { calls: string[] } {
  const calls: string[] = [];
  const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16)).join(' ');
  return {
    calls,
    key: (bytes) => calls.push(`key ${hex(bytes)}`),
    pointerAbsolute: (x, y, width, height) => calls.push(`at ${x},${y} of ${width}x${height}`),
    pointerRelative: (dx, dy) => calls.push(`by ${dx},${dy}`),
    buttons: ({ left, middle, right }) =>
      calls.push(`buttons ${left ? 'L' : '-'}${middle ? 'M' : '-'}${right ? 'R' : '-'}`),
    wheel: (dx, dy) => calls.push(`wheel ${dx},${dy}`),
    cutText: (text) => calls.push(`cut ${text}`),
  };
}
