import * as z from 'zod/mini';

/** The same schema, saying what it is for: help texts, messages and JSON Schemas take that from here. What it checks stays as it is. */
export const about = <S extends z.ZodMiniType>(schema: S, says: z.core.GlobalMeta): S => {
  const copy = schema.clone(schema.def, { parent: true }) as S;
  z.globalRegistry.add(copy, says);
  return copy;
};
