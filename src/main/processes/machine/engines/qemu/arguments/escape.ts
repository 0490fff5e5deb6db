/**
 * QEMU's options of the form `key=value,key=value`: a comma in a value is doubled (QEMU's `util/keyval.c` and
 * `util/qemu-option.c` read both kinds so). Nothing else has a meaning inside a value.
 */
export function keyValues(
  first: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${escapeValue(text(value))}`);
  return [escapeValue(first), ...pairs].filter((part) => part !== '').join(',');
}

function text(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
}

/** @throws RangeError for a NUL, which ends a C string: no argument can carry it */
export function escapeValue(value: string): string {
  if (value.includes('\0')) throw new RangeError('A value with a NUL cannot be handed to a program');
  return value.replaceAll(',', ',,');
}

/** What JSON arguments are made of; properties that are undefined are left out. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };
export type JsonValue = string | number | boolean | JsonObject | readonly JsonValue[];

/** Options in JSON carry any text: paths, names and addresses go this way wherever QEMU takes it. */
export function json(value: JsonObject): string {
  return JSON.stringify(value);
}
