import { formatBytes, formatPercent } from '../../ui/format';
import type { Unit } from './charts';

/** A value with its unit; a dash where there is none. */
export function formatUnit(value: number | null | undefined, unit: Unit, locale?: string): string {
  if (value === null || value === undefined) return '–';
  switch (unit) {
    case 'cores':
      return formatPercent(value, locale);
    case 'bytes':
      return formatBytes(value, locale);
    case 'bytesPerSecond':
      return `${formatBytes(value, locale)}/s`;
    case 'perSecond':
      return `${new Intl.NumberFormat(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)}/s`;
  }
}

/** A chart of next to nothing must not look like one of much. */
export function leastTop(unit: Unit): number {
  const tops: Record<Unit, number> = {
    cores: 1,
    bytes: 64 * 2 ** 20,
    bytesPerSecond: 16 * 1024,
    perSecond: 10,
  };
  return tops[unit];
}
