import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId, MaterialState } from '../../../src/ports/store.ts';
import { type Description, holderOf } from './description.ts';
import { CURRENT, labelOf, numberIn, PREVIOUS, versionId } from './names.ts';

/**
 * What the versions, labels and tags of a secret mean.
 *
 *     PREFIX/account/name           version g<N>  label keyturn-g<N>   material of generation N
 *                                   version c<N>  label keyturn-c<N>   what consumers read of it, made when it is promoted
 *                                   AWSCURRENT                         on the c<N> that is current, on g0 before the first
 *                                   tag keyturn-g<N>                   fingerprint and birth of N, also when it is retired
 *     RECORDPREFIX/account/name     version r<N>, AWSCURRENT           revision N of the record
 *                                   version e<N>  label keyturn-e<N>   evidence of generations 1 to 16
 *     RECORDPREFIX/account/name/evidence-<S>                           the same of the next 16, and so on
 *
 * Everything planning asks but the text of a record is in one DescribeSecret, which shows no values.
 */

/** What G(N) holds. `writeId` tells a writer whose answer was lost from another one with the same pair. */
export const StoredMaterial = z.object({
  generation: z.number(),
  privateKey: z.string(),
  passphrase: z.nullable(z.string()),
  publicKey: z.string(),
  fingerprint: z.string(),
  writeId: z.string(),
});
export type StoredMaterial = z.infer<typeof StoredMaterial>;

/** What C(N) holds: the contract with applications. */
export const ConsumerDocument = z.object({
  apiKey: z.string(),
  privateKey: z.string(),
  passphrase: z.nullable(z.string()),
  publicKey: z.string(),
  fingerprint: z.string(),
  generation: z.number(),
  /** What was current when it was first promoted; AWSPREVIOUS holds its private half during the overlap. */
  previous: z.nullable(z.object({ generation: z.number(), fingerprint: z.string() })),
});
export type ConsumerDocument = z.infer<typeof ConsumerDocument>;

export function parsed<T>(text: string, schema: z.ZodMiniType<T>, name: string, label: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The error would repeat what it could not read.
    throw corrupt(name, `the version labelled ${label} is not what keyturn wrote`);
  }
}

export const corrupt = (name: string, what: string): KeyturnError =>
  new KeyturnError('corrupt', `secret ${name}: ${what}`, {
    hint: 'look at it with aws secretsmanager describe-secret; nothing is done for this key until it is put right',
  });

/** A tag value may hold letters, digits, spaces and _.:/=+-@ only. */
const TAG = /^([0-9a-f]{64}) (\d{4}-\d{2}-\d{2}T[\d:.]+Z)$/;

export const tagFor = (fingerprint: string, createdAt: Date): string => `${fingerprint} ${createdAt.toISOString()}`;

export function materialState({ labels, tags }: Description, generation: number): MaterialState {
  const label = labelOf('g', generation);
  const [, fingerprint, createdAt] = TAG.exec(tags.get(label) ?? '') ?? [];
  const known = fingerprint && createdAt ? { fingerprint, createdAt: new Date(createdAt) } : {};
  if (labels.get(versionId('g', generation))?.includes(label)) return { state: 'live', ...known };
  return tags.has(label) ? { state: 'retired', ...known } : { state: 'absent' };
}

export function generationsIn({ labels, tags }: Pick<Description, 'labels' | 'tags'>): number[] {
  const labelled = [...labels.keys()].map((id) => numberIn('g', id));
  const tagged = [...tags.keys()].map((key) => /^keyturn-g(\d{1,9})$/.exec(key)?.[1]).map(Number);
  return [...new Set([...labelled, ...tagged])].filter((number): number is number => !!number).sort((a, b) => a - b);
}

/** Generations that are there and whose fingerprint no tag notes: a run stopped between the two. */
export const untaggedIn = (description: Description): number[] =>
  generationsIn(description).filter((generation) => !description.tags.has(labelOf('g', generation)));

/** Null before the first promotion. Throws `corrupt` where AWSCURRENT is on something keyturn did not put there. */
export function currentIn(description: Description): number | null {
  const holder = holderOf(description, CURRENT);
  if (holder === versionId('g', 0)) return null;
  const generation = numberIn('c', holder ?? undefined);
  if (generation !== null) return generation;
  throw corrupt(description.name, `AWSCURRENT is on version ${holder ?? 'none'}, which is not one of keyturn’s`);
}

/** Throws `not-found` or `gone` where a generation has no private half. */
export function assertLive(key: KeyId, generation: number, { state }: MaterialState): void {
  if (state === 'live') return;
  throw state === 'absent' ? notThere(key, generation) : gone(key, generation);
}

export const notThere = (key: KeyId, generation: number): KeyturnError =>
  new KeyturnError('not-found', `the store has no generation ${generation} of ${key}`, {
    hint: 'what others deleted is not made again; keyturn rotate asks for a new one',
  });

export const gone = (key: KeyId, generation: number): KeyturnError =>
  new KeyturnError('gone', `generation ${generation} of ${key} was destroyed`, {
    hint: 'it is never made again; keyturn rotate asks for a new one',
  });

/**
 * The revision a record is at, 0 before the first one. AWS forgets unlabelled versions after a day and a hundred others, and
 * then their numbers can be taken again: a worker that slept so long between looking and writing pulls AWSCURRENT back to a
 * low number. The highest one is then AWSPREVIOUS, and it is `regressed` until somebody moves AWSCURRENT back.
 */
export function headOf(description: Pick<Description, 'labels' | 'name'>): {
  revision: number;
  regressed: number | null;
} {
  const holder = holderOf(description, CURRENT);
  const shown = numberIn('r', holder ?? undefined);
  if (shown === null) {
    throw corrupt(description.name, `AWSCURRENT is on version ${holder ?? 'none'}, which is not one of keyturn’s`);
  }
  const before = numberIn('r', holderOf(description, PREVIOUS) ?? undefined) ?? 0;
  return before > shown ? { revision: before, regressed: shown } : { revision: shown, regressed: null };
}

/**
 * Generations whose evidence shares one secret. A secret has room for 20 labels and costs money every month, a version costs
 * nothing: the first 16 documents lie in the record’s own secret (with AWSCURRENT and AWSPREVIOUS that makes 18 labels), and a
 * secret more is needed for every 16 after that, once in 16 months at the soonest. Without labels AWS would forget them; with
 * one secret each, every finished generation would cost as much as the key itself.
 */
const EVIDENCE_PER_SECRET = 16;

export function evidenceSecret(recordSecret: string, generation: number): string {
  const shelf = Math.ceil(generation / EVIDENCE_PER_SECRET);
  return shelf <= 1 ? recordSecret : `${recordSecret}/evidence-${shelf}`;
}
