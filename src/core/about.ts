import * as z from 'zod/mini';

/**
 * The same schema, saying what it is for, in a sentence or with examples and other things that JSON Schema knows: help texts,
 * messages and JSON Schemas take them from here. What it checks stays as it is.
 */
export function about<S extends z.ZodMiniType>(schema: S, says: string | z.core.GlobalMeta): S {
  const copy = schema.clone(schema.def, { parent: true }) as S;
  z.globalRegistry.add(copy, typeof says === 'string' ? { description: says } : says);
  return copy;
}
