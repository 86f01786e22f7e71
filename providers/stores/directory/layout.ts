import { join, sep } from 'node:path';
import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId } from '../../../src/ports/store.ts';
import { exists, numbersIn, readIfThere } from './files.ts';

/** Where everything of a key lies, and the small JSON files among it. */

export const RECORD = /^\d{8}\.json$/;
export const GENERATION = /^\d{6}$/;
const PROMOTION = /^\d{6}\.json$/;
/** What only the store’s identity opens; everything else of a generation is public. */
export const PRIVATE_FILES = ['key.pem.age', 'passphrase.txt.age'] as const;
export const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?$/;

export const Meta = z.object({
  generation: z.number(),
  fingerprint: z.string(),
  createdAt: z.iso.datetime(),
  state: z.literal(['live', 'retired']),
});
export type Meta = z.infer<typeof Meta>;
/** Null: what was current was withdrawn. */
const Promotion = z.object({ generation: z.nullable(z.number()) });

export const digits = (number: number, length: number): string => `${number}`.padStart(length, '0');

/** Paths of one key. */
export function pathsOf(root: string, key: KeyId) {
  const parts = key.split('/');
  if (parts.length !== 2 || !parts.every((part) => NAME.test(part) && !part.includes('..')))
    throw new KeyturnError('invalid', `“${key}” is not a key id`, { hint: 'write account/name' });
  const folder = join(root, key);
  // For each of thousands of keys, and nothing in these names has to be resolved.
  const inside = (name: string) => `${folder}${sep}${name}`;
  return {
    folder,
    records: inside('record'),
    record: (revision: number) => join(folder, 'record', `${digits(revision, 8)}.json`),
    generations: inside('gen'),
    generation: (number: number, file = '') => join(folder, 'gen', digits(number, 6), file),
    promotions: inside('promotions'),
    promotion: (number: number) => join(folder, 'promotions', `${digits(number, 6)}.json`),
    current: inside('current'),
    passphrases: inside('passphrases'),
    passphraseName: (number: number) => `${digits(number, 6)}.txt.age`,
    passphrase: (number: number) => join(folder, 'passphrases', `${digits(number, 6)}.txt.age`),
    passphraseRetired: (number: number) => join(folder, 'passphrases', `${digits(number, 6)}.retired`),
    evidenceFolder: inside('evidence'),
    evidence: (number: number) => join(folder, 'evidence', `${digits(number, 6)}.json`),
  };
}

export const corrupt = (path: string): KeyturnError =>
  new KeyturnError('corrupt', `${path} cannot be read`, {
    hint: 'restore it from a backup of the store, or move it away if it does not belong there',
  });

async function readParsed<T>(path: string, schema: z.ZodMiniType<T>): Promise<T | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    throw corrupt(path);
  }
}

export type Paths = ReturnType<typeof pathsOf>;

export async function readMeta(paths: Paths, generation: number): Promise<Meta | null> {
  const meta = await readParsed(paths.generation(generation, 'meta.json'), Meta);
  if (meta === null && (await exists(paths.generation(generation))))
    throw corrupt(paths.generation(generation, 'meta.json'));
  return meta;
}

export async function newestPromotion(paths: Paths): Promise<{ number: number; generation: number | null } | null> {
  const number = (await numbersIn(paths.promotions, PROMOTION)).at(-1);
  if (number === undefined) return null;
  const promotion = await readParsed(paths.promotion(number), Promotion);
  if (promotion === null) throw corrupt(paths.promotion(number));
  return { number, generation: promotion.generation };
}
