import { resolve } from 'node:path';
import { z } from 'zod';

/** How the words of a command line become a value. */
export type FieldKind =
  'machine' | 'snapshot' | 'snapshots' | 'path' | 'text' | 'number' | 'flag' | 'list' | 'json';

/** One parameter of a command of the contract, as a word or an option of a command line. */
export interface Field {
  /** Where its value goes in the parameters: one name, or two where it lies in an object. */
  path: readonly string[];
  /** What a person calls it, such as `memory-mib`. */
  name: string;
  kind: FieldKind;
  /** The words that are taken; undefined where any is. */
  choices?: readonly string[];
  required: boolean;
  /** `-` stands for nothing. */
  nullable: boolean;
}

/** What is used of a schema of JSON (draft 2020-12). */
interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** `powerButton` as a person types it: `power-button`; `memoryMiB`: `memory-mib`. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace('-mi-b', '-mib');
}

/** The parameters of a command, in the order of its schema; those of an object within stand for themselves. */
export function fieldsOf(params: z.ZodType): Field[] {
  const schema = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }) as Schema;
  const names = Object.keys(schema.properties ?? {});
  return names.flatMap((name) => {
    const property = schema.properties?.[name] ?? {};
    const required = schema.required?.includes(name) ?? false;
    const inner = property.type === 'object' && property.properties;
    if (!inner) return [fieldOf([name], name, property, required)];
    return Object.entries(inner).map(([key, value]) =>
      fieldOf(
        [name, key],
        // A name that both have is told apart by the object's.
        names.includes(key) ? `${name}-${key}` : key,
        value,
        required && (property.required?.includes(key) ?? false),
      ),
    );
  });
}

function fieldOf(path: string[], name: string, schema: Schema, required: boolean): Field {
  const variants = schema.anyOf ?? schema.oneOf ?? [];
  const nullable = variants.some(({ type }) => type === 'null');
  const plain = variants.filter(({ type }) => type !== 'null');
  const one = plain.length === 1 ? (plain[0] as Schema) : schema;
  const choices = one.enum ?? (one.const === undefined ? undefined : [one.const]);
  return {
    path,
    name: kebab(name),
    kind: kindOf(path, one),
    ...(choices && one.type === 'string' ? { choices: choices.map(String) } : {}),
    required,
    nullable,
  };
}

/** Ids are made by us: sixteen letters and digits. */
const ourId = '^[a-z0-9]{16}$';

/** Parameters that name a file or folder of this computer. */
const paths: ReadonlySet<string> = new Set([
  'path',
  'source',
  'target',
  'folder',
  'cdrom',
  'floppy',
  'qemuFolder',
]);

function kindOf(path: string[], { type, pattern, items }: Schema): FieldKind {
  if (type === 'boolean') return 'flag';
  if (type === 'number' || type === 'integer') return 'number';
  if (type === 'array') {
    if (items?.pattern === ourId) return 'snapshots';
    return items?.type === 'string' ? 'list' : 'json';
  }
  if (type !== 'string') return 'json';
  if (pattern !== ourId) return paths.has(path.at(-1) ?? '') ? 'path' : 'text';
  return path.at(-1) === 'id' ? 'machine' : 'snapshot';
}

/** @returns the value that a word stands for. @throws Error in words for a person */
export function valueOf(field: Field, word: string): unknown {
  if (word === '-' && field.nullable) return null;
  if (field.choices && !field.choices.includes(word)) {
    throw new Error(`${field.name} is one of ${field.choices.join(', ')}, not “${word}”.`);
  }
  switch (field.kind) {
    case 'number': {
      const value = Number(word);
      if (word.trim() === '' || !Number.isFinite(value)) {
        throw new Error(`${field.name} is a number, not “${word}”.`);
      }
      return value;
    }
    case 'path':
      // The program may have been started in another folder.
      return resolve(word);
    case 'list':
    case 'snapshots':
      return word.split(',').filter((part) => part !== '');
    case 'json':
      try {
        return JSON.parse(word) as unknown;
      } catch {
        throw new Error(`${field.name} is JSON, which “${word}” is not.`);
      }
    default:
      return word;
  }
}
