import * as z from 'zod/mini';
import type { Path } from './core/rules.ts';

/** Finds the way through a zod schema along a path, to say what belongs there. */

type Schema = z.core.$ZodType;

/** The value at a path of plain data; undefined where there is none. */
export const valueAt = (value: unknown, path: Path): unknown => path.reduce(child, value);

/** The schema at a path; of a union, the form whose literal fields (such as `kind`) are those of the value. Null where none is. */
export function schemaAt(schema: Schema, path: Path, value: unknown): Schema | null {
  let here: Schema | null = schema;
  for (const [depth, step] of path.entries()) here &&= below(here, step, valueAt(value, path.slice(0, depth)));
  return here;
}

/** Names of the fields that may stand in a value of this schema; `$schema`, which is for editors, aside. */
export function fieldsOf(schema: Schema | null, value: unknown): string[] {
  const def = schema === null ? null : definitionOf(bare(schema));
  if (def?.type === 'object') return Object.keys(def.shape).filter((field) => !field.startsWith('$'));
  if (def?.type !== 'union') return [];
  return [...new Set(def.options.filter((option) => fits(option, value)).flatMap((option) => fieldsOf(option, value)))];
}

/** Whether a secret is to be named here, as `{ env: NAME }` or `{ file: PATH }`, and never to be written out. */
export function isSecretReference(schema: Schema | null): boolean {
  const fields = fieldsOf(schema, undefined);
  return fields.length > 0 && fields.every((field) => field === 'env' || field === 'file');
}

/** What a schema says of itself, its outermost word first. */
export function aboutOf(schema: Schema | null): { description: string | undefined; examples: unknown[] } {
  let description: string | undefined;
  let examples: unknown[] = [];
  for (let here = schema; here !== null; here = innerOf(here)) {
    const meta = z.globalRegistry.get(here);
    description ??= meta?.description;
    if (examples.length === 0 && Array.isArray(meta?.examples)) examples = meta.examples;
  }
  return { description, examples };
}

function below(schema: Schema, step: string | number, value: unknown): Schema | null {
  const def = definitionOf(bare(schema));
  if (def.type === 'object') return (Object.hasOwn(def.shape, step) ? def.shape[step] : undefined) ?? null;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'array') return def.element;
  if (def.type !== 'union') return null;
  const found = def.options.filter((option) => fits(option, value)).map((option) => below(option, step, value));
  return found.find((each) => each !== null) ?? null;
}

/** False when a literal field of this form is another one in the value. */
function fits(form: Schema, value: unknown): boolean {
  const def = definitionOf(bare(form));
  if (def.type !== 'object') return true;
  return Object.entries(def.shape).every(([field, part]) => {
    const literal = definitionOf(bare(part));
    const written = child(value, field);
    return literal.type !== 'literal' || written === undefined || literal.values.some((each) => each === written);
  });
}

/** Without optional, default and the like around it. */
function bare(schema: Schema): Schema {
  const inner = innerOf(schema);
  return inner === null ? schema : bare(inner);
}

function innerOf(schema: Schema): Schema | null {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'readonly':
    case 'catch':
    case 'nonoptional':
      return def.innerType;
    case 'pipe':
      return def.in;
    case 'lazy':
      return def.getter();
    default:
      return null;
  }
}

/** Every schema zod makes is one of those that can be told apart by `type`. */
const definitionOf = (schema: Schema) => (schema as z.core.$ZodTypes)._zod.def;

function child(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? Reflect.get(value, step)
    : undefined;
}
