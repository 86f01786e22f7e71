import * as z from 'zod/mini';
import { about } from '../core/about.ts';

/** What several outputs have in common. */

export const Instant = about(z.iso.datetime({ precision: 3 }), 'ISO 8601 in UTC');
export const KeyId = about(z.string(), 'account/name');
export const GenerationNumber = z.int().check(z.positive());
export const output = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.looseObject({ formatVersion: z.literal(1), ...shape });
export const Owner = z.nullable(z.string());
