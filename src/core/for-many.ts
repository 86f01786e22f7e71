import type * as z from 'zod/mini';
import { remembering } from './remember.ts';

/** Compiling a schema takes as long as checking some hundred values; checking takes half the time from then on. */
const MANY = 300;

/** The same schema, compiled where it is to check that many values. */
export const forMany = async <S extends z.ZodMiniType>(schema: S, values: number): Promise<S> =>
  values < MANY ? schema : ((await compiled(schema)) as S);

/** What compiles is loaded with the first schema: few runs have many keys. */
const compiled = remembering(async (schema: z.ZodMiniType) => (await import('./compile.ts')).compile(schema));
