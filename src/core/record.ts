import * as z from 'zod/mini';
import { ALGORITHMS, type KeyId } from './policy.ts';

/**
 * The record: what is known of one key, in the store beside its material, never secret. It holds no state; which instants
 * are there tells what comes next:
 *
 *     next       generated ─► stored ─► asked ─► registered ─► verified ─► promoted      (record.next ─► record.current)
 *     previous   superseded ─► deletionAsked ─► provenDead ─► destroyed                  (neither current nor next)
 *
 * A generation leaves `generations` for `history` when it is destroyed; its evidence then stands in a document of its own.
 */

/** ISO 8601 in UTC with milliseconds, so that instants compare as texts, too. */
const Instant = z.iso.datetime({ precision: 3 });
const Hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const GenerationNumber = z.int().check(z.positive());

/** One observation, chained to the one before it; see evidence.ts. */
export const EvidenceEntry = z.strictObject({
  at: Instant,
  event: z.string(),
  by: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  previous: Hash,
  hash: Hash,
});
export type EvidenceEntry = z.infer<typeof EvidenceEntry>;

/** What a person has to change at the venue before a key can be verified. */
export const Finding = z.strictObject({
  code: z.string(),
  /** The switch to change, in the venue's words. */
  switch: z.nullable(z.string()),
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** When each step of a generation's life was done. */
const Milestones = z.strictObject({
  /** The intent to make this generation was recorded. */
  generated: Instant,
  /** Its material is durable in the store, read back and checked. */
  stored: z.optional(Instant),
  /** The registration task was opened. */
  asked: z.optional(Instant),
  /** A person handed in the key id. */
  registered: z.optional(Instant),
  /** The venue's creation time of the key, where it can be read. */
  created: z.optional(Instant),
  /** It worked with exactly its permissions for the first time, and for the last time. */
  verified: z.optional(Instant),
  checked: z.optional(Instant),
  /** Consumers read it from then on. */
  promoted: z.optional(Instant),
  /** Consumers read another one from then on. */
  superseded: z.optional(Instant),
  /** Consumers were moved back to it. */
  broughtBack: z.optional(Instant),
  deletionAsked: z.optional(Instant),
  /** keyturn deleted it at the venue by API. */
  removed: z.optional(Instant),
  provenDead: z.optional(Instant),
});

/** What somebody said, and when. */
const Statement = z.strictObject({ at: Instant, by: z.string(), reason: z.string() });

export const Generation = z.strictObject({
  generation: GenerationNumber,
  algorithm: z.literal(ALGORITHMS),
  at: Milestones,
  /** SPKI PEM and the SHA-256 of its DER; both from the moment the pair is stored. */
  publicKey: z.optional(z.string()),
  fingerprint: z.optional(Hash),
  /** Under which it was registered: at the venue it stays that, also where the key is renamed. */
  label: z.optional(z.string()),
  /** The venue's id of the key. */
  apiKey: z.optional(z.string()),
  /** Ids handed in before and replaced while unverified: to be deleted at the venue, too. */
  discardedApiKeys: z.optional(z.array(z.string())),
  /** Why the venue, which registers by API, wants a person for it. */
  registrationRefused: z.optional(z.string()),
  /** What to change before it can be verified, and since when that is known. */
  findings: z.optional(z.array(Finding)),
  findingsSince: z.optional(Instant),
  /** Whether the venue shows the allowlist, or a probe from outside it was refused. */
  allowlist: z.optional(z.literal(['proven', 'unproven'])),
  compromised: z.optional(Statement),
  /** Made by people before keyturn knew of it. `unknown`: the venue does not say how old it is. */
  adopted: z.optional(z.strictObject({ at: Instant, by: z.string(), age: z.literal(['known', 'unknown']) })),
  /** Somebody says that it is deleted where keyturn cannot prove it. */
  attested: z.optional(Statement),
  /** Names of the key it was made and kept under before, the first one first; what lies there is erased with it. */
  formerly: z.optional(z.array(z.string())),
  /** What its own probe answered while it was alive. */
  baseline: z.optional(z.strictObject({ at: Instant, answers: z.array(z.string()) })),
  /** The newest probe after deletion was asked for; rewritten only when verdict or reason change. */
  probe: z.optional(
    z.strictObject({ at: Instant, verdict: z.literal(['alive', 'dead', 'inconclusive']), reason: z.string() }),
  ),
  /** When probe groups saw it dead; a group that sees it otherwise empties the list. */
  deadGroups: z.optional(z.array(Instant)),
  evidence: z.array(EvidenceEntry),
});
export type Generation = z.infer<typeof Generation>;

/** Effects that may be left half done by a stop. */
const INTENDED = ['generate', 'register', 'promote', 'rollback', 'revoke', 'destroy'] as const;

/** What one notifier or hook was told of a key; see audience.ts. */
export const Told = z.strictObject({
  /** What happened before is no news to it. */
  since: Instant,
  /** The last step told of each thing that is not over. */
  steps: z.record(z.string(), z.int().check(z.nonnegative())),
});
export type Told = z.infer<typeof Told>;

export const KeyRecord = z.strictObject({
  v: z.literal(1),
  key: z.string(),
  /** Equal to the store's revision of this text. */
  revision: z.int().check(z.positive()),
  /** Tells a writer whose answer was lost whether the newest text is its own. */
  writeId: z.string(),
  writtenAt: Instant,
  /** The venue's id of the account, from the first verification on: later keys must belong to the same. */
  accountUid: z.optional(z.string()),
  /** All that are not destroyed, ascending. */
  generations: z.array(Generation),
  current: z.nullable(GenerationNumber),
  next: z.nullable(GenerationNumber),
  /** The highest number ever given; numbers are not used twice. */
  last: z.int().check(z.nonnegative()),
  /** An effect that may be half done. */
  intent: z.optional(z.strictObject({ action: z.literal(INTENDED), generation: GenerationNumber, at: Instant })),
  /** One worker at a time has effects, until then. */
  claim: z.optional(z.strictObject({ by: z.string(), nonce: z.string(), until: Instant })),
  /** What it says goes on under that name, or is about to: nothing is done under this one any more. */
  movedTo: z.optional(z.string()),
  /** Nothing is here yet: it is being carried over from that name. */
  arrivesFrom: z.optional(z.string()),
  /** Somebody asked for a rotation before it is due. */
  request: z.optional(z.strictObject({ at: Instant, by: z.string(), reason: z.string() })),
  /** What stops the key from going on, and since when; kept where a notifier tells people of it. */
  failure: z.optional(z.strictObject({ cause: z.string(), message: z.string(), at: Instant })),
  /** By name of notifier or hook. */
  told: z.optional(z.record(z.string(), Told)),
  /** The newest finished generations. */
  history: z.array(
    z.strictObject({
      generation: GenerationNumber,
      fingerprint: z.optional(Hash),
      provenDead: z.optional(Instant),
      attested: z.optional(Instant),
      destroyed: Instant,
      /** SHA-256 of the document `evidence/<generation>`. */
      evidence: Hash,
    }),
  ),
  /** SHA-256 of the newest evidence document: each names the one before it. */
  evidenceHead: z.nullable(Hash),
});
export type KeyRecord = z.infer<typeof KeyRecord>;

export const HISTORY_LENGTH = 10;

/** What a writer decides; revision, write id and time are added as it is written. */
export type RecordDraft = Omit<KeyRecord, 'revision' | 'writeId' | 'writtenAt'>;

export const emptyRecord = (key: KeyId): RecordDraft => ({
  v: 1,
  key,
  generations: [],
  current: null,
  next: null,
  last: 0,
  history: [],
  evidenceHead: null,
});

/** A record by its roles. */
export interface Roles {
  current: Generation | null;
  next: Generation | null;
  /** Neither current nor next: to be deleted, proven dead and destroyed. Oldest first. */
  previous: Generation[];
}

export function rolesOf(record: Pick<KeyRecord, 'generations' | 'current' | 'next'>): Roles {
  const find = (number: number | null) => record.generations.find(({ generation }) => generation === number) ?? null;
  return {
    current: find(record.current),
    next: find(record.next),
    previous: record.generations.filter(
      ({ generation }) => generation !== record.current && generation !== record.next,
    ),
  };
}

/** A key adopted by its id alone has none. */
export const hasPrivateHalf = ({ fingerprint }: Pick<Generation, 'fingerprint'>): boolean => fingerprint !== undefined;

/** What the store should give consumers. Of a generation adopted without its private half it has nothing. */
export function storedCurrent(record: Pick<KeyRecord, 'current' | 'next' | 'generations'>): number | null {
  const { current } = rolesOf(record);
  return current && hasPrivateHalf(current) ? current.generation : null;
}

/** Proven dead, or attested where proof is impossible: nothing more is asked of people for it. */
export const isClosed = ({ at, attested }: Pick<Generation, 'at' | 'attested'>): boolean =>
  at.provenDead !== undefined || attested !== undefined;

/** The name of the key when the generation was made: its evidence begins with that. */
export const firstName = (key: KeyId, { formerly }: Pick<Generation, 'formerly'>): KeyId => formerly?.[0] ?? key;

/** The same record with one generation replaced. */
export const withGeneration = <R extends RecordDraft>(record: R, changed: Generation): R => ({
  ...record,
  generations: record.generations.map((each) => (each.generation === changed.generation ? changed : each)),
});

/** `vmPU…8X2h`: enough to recognise a key id, too little to use it. */
export const maskApiKey = (apiKey: string): string =>
  apiKey.length > 12 ? `${apiKey.slice(0, 4)}…${apiKey.slice(-4)}` : '…';
