/** Numbers as people read them, in the page's language. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes with a binary unit and at most three digits, e.g. `1.5 GiB`. */
export function formatBytes(bytes: number, locale?: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`;
}

/** MiB with the unit that suits, e.g. `512 MiB`, `2 GiB`. */
export function formatMiB(mib: number, locale?: string): string {
  return formatBytes(mib * 1024 * 1024, locale);
}

/** A share of one as whole per cent. */
export function formatPercent(share: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** An ISO 8601 time as date and time of day. */
export function formatTime(iso: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}
