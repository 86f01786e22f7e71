import { randomUUID } from 'node:crypto';
import { isWorthNoting, type Observation, observe } from '../core/evidence.ts';
import type { Key } from '../core/policy.ts';
import {
  type Judgement,
  judgeAlone,
  type ProofRule,
  strangerAccepted,
  unfit,
  type Verdict,
  withoutPrivateHalf,
} from '../core/proof.ts';
import type { Reason } from '../core/reasons.ts';
import { type Generation, hasPrivateHalf, type KeyRecord, type RecordDraft, withGeneration } from '../core/record.ts';
import { isKeyturnError, KeyturnError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Credential, Keys } from '../ports/keys.ts';
import type { Material, Store } from '../ports/store.ts';
import type { Venue } from '../ports/venue.ts';
import { readRecord, writeRecord } from '../records.ts';

/** What every step works with. */
export interface Tools {
  key: Key;
  store: Store;
  venue: Venue;
  keys: Keys;
  clock: Clock;
  proof: ProofRule;
  /** Seconds a claim lasts, and seconds before its end after which no effect is started. */
  claim: { for: number; margin: number };
  /** Who acts, for evidence and claims: `user@host`, a pod, or the name given. */
  by: string;
}

/** `done` the record moved on · `waiting` for people or time · `failed` somebody should look. */
export interface StepResult {
  outcome: 'done' | 'waiting' | 'failed';
  reason: Reason;
  message: string;
  /** What was seen of the key, where the step probed it. */
  verdict?: Verdict;
}

export type Step = (tools: Tools, record: KeyRecord, generation: number) => Promise<StepResult>;

export function generationOf(record: KeyRecord, number: number): Generation {
  const found = record.generations.find(({ generation }) => generation === number);
  if (!found) throw new Error(`${record.key} has no generation ${number}`);
  return found;
}

/** Adds what was observed now to a generation’s evidence. */
export function noted(
  { key, clock, by }: Pick<Tools, 'key' | 'clock' | 'by'>,
  generation: Generation,
  event: string,
  detail: Observation['detail'] = {},
): Generation {
  return observe(key.storedAs, generation, { at: clock.now().toISOString(), event, by, detail });
}

/** `noted` for what may be seen any number of times in a life: only while it is news, and the record has room for it. */
export function sighted(
  tools: Pick<Tools, 'key' | 'clock' | 'by'>,
  record: KeyRecord,
  generation: Generation,
  event: 'probed' | 'not-as-it-should-be' | 'verified' | 'taken-on-word',
  detail: Observation['detail'] = {},
): Generation {
  return isWorthNoting(record, generation, { event, detail }) ? noted(tools, generation, event, detail) : generation;
}

/** `noted` with instants that were reached now. */
export const reached = (
  tools: Pick<Tools, 'key' | 'clock' | 'by'>,
  generation: Generation,
  milestones: readonly (keyof Generation['at'])[],
  event: string,
  detail: Observation['detail'] = {},
): Generation => {
  const now = tools.clock.now().toISOString();
  const at = { ...generation.at, ...Object.fromEntries(milestones.map((each) => [each, now])) };
  return noted(tools, { ...generation, at }, event, detail);
};

/** Adds what was done to the key as a whole to the evidence of its newest generation, which is open the longest. */
export function notedOnNewest(
  tools: Pick<Tools, 'key' | 'clock' | 'by'>,
  record: RecordDraft,
  event: string,
  detail: Observation['detail'],
): RecordDraft {
  const newest = record.generations.at(-1);
  return newest ? withGeneration(record, noted(tools, newest, event, detail)) : record;
}

/** Writes one generation’s change against the revision that was read. */
export const saveGeneration = (
  tools: Pick<Tools, 'store' | 'clock'>,
  record: KeyRecord,
  changed: Generation,
): Promise<KeyRecord> => save(tools, record, withGeneration(record, changed));

export const save = (
  { store, clock }: Pick<Tools, 'store' | 'clock'>,
  base: KeyRecord | null,
  draft: RecordDraft,
): Promise<KeyRecord> => writeRecord(store, clock, base, draft);

/**
 * Has an effect that the record announces: writes intent and claim first, so that whoever comes later knows what may be
 * half done and nobody else starts meanwhile; then the effect; then the record that `effect` returns, without both. After
 * a failure the claim is given back and the intent stays. An intent that was left half done keeps its instant.
 */
export async function announced(
  tools: Tools,
  base: KeyRecord | null,
  draft: RecordDraft,
  intent: Pick<NonNullable<KeyRecord['intent']>, 'action' | 'generation'>,
  effect: (claimed: KeyRecord) => Promise<RecordDraft>,
): Promise<void> {
  const now = tools.clock.now();
  const isUnfinished = draft.intent?.action === intent.action && draft.intent.generation === intent.generation;
  const claimed = await save(tools, base, {
    ...draft,
    intent: { ...intent, at: isUnfinished && draft.intent ? draft.intent.at : now.toISOString() },
    claim: { by: tools.by, nonce: randomUUID(), until: new Date(now.getTime() + tools.claim.for * 1000).toISOString() },
  });
  try {
    const { intent: _done, claim: _ended, ...complete } = await effect(claimed);
    await save(tools, claimed, complete);
  } catch (error) {
    // Failing to give it back is no news beside the first failure: the claim ends by itself.
    await giveBack(tools, claimed).catch(() => undefined);
    throw error;
  }
}

/** Ends the claim in the newest record: somebody may have asked for something meanwhile, and would wait for nobody. */
async function giveBack(tools: Tools, { key, claim: ours }: KeyRecord): Promise<void> {
  const newest = await readRecord(tools.store, key);
  if (newest === null || newest.claim?.nonce !== ours?.nonce) return;
  const { claim: _ended, ...rest } = newest;
  await save(tools, newest, rest);
}

/** Throws `conflict` when the claim is about to end: a worker that slept must not have effects beside its successor. */
export function assertClaimed({ clock, claim, key }: Tools, record: KeyRecord): void {
  const until = Date.parse(record.claim?.until ?? '');
  if (clock.now().getTime() < until - claim.margin * 1000) return;
  throw new KeyturnError('conflict', `the claim on ${key.id} ran out in the middle of a step`, {
    hint: 'run again; if it happens often, give claims more time (claim: { for: … } in keyturn.yaml)',
  });
}

/** A generation’s pair, after checking that it is the one the record speaks of. `name`: under which it is kept. */
export async function materialOf(
  { key, store }: Pick<Tools, 'key' | 'store'>,
  { generation, fingerprint }: Generation,
  name = key.storedAs,
): Promise<Material> {
  const material = await unlessAhead(key.id, () => store.readMaterial(name, generation));
  if (material.fingerprint === fingerprint) return material;
  throw new KeyturnError(
    'corrupt',
    `the store holds another pair for generation ${generation} of ${key.id} than its record says`,
    {
      hint: 'restore the store from a backup; nothing was changed',
    },
  );
}

/** Opens a generation’s private half. */
export async function credentialOf(tools: Tools, generation: Generation): Promise<Credential> {
  const { apiKey } = generation;
  if (apiKey === undefined) throw new Error(`generation ${generation.generation} of ${tools.key.id} has no key id`);
  return { apiKey, signer: tools.keys.signer(await materialOf(tools, generation)) };
}

/**
 * Asks the store for what the record says is there. What it has destroyed or moved on without the record knowing, another
 * worker did, and looking again is enough; or a backup brought back an older record, and a human decides. A `conflict`.
 */
export async function unlessAhead<T>(key: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (!isKeyturnError(cause, 'gone', 'conflict')) throw cause;
    throw new KeyturnError('conflict', `the store is ahead of the record of ${key}: ${cause.message}`, {
      hint: 'run again; if it stays, the record is an older one: restore the newest from a backup of the store',
      cause,
    });
  }
}

/** Why asking about a key now would say nothing of it; null when it would. */
export async function doubtAboutVenue({ venue }: Tools): Promise<Judgement | null> {
  return unfit(await venue.conditions()) ?? strangerAccepted(await venue.probeStranger());
}

/** One key asked on its own: enough to see that it is alive, never that it is dead. */
export async function probeAlone(tools: Tools, generation: Generation): Promise<Judgement> {
  if (!hasPrivateHalf(generation)) return withoutPrivateHalf;
  return (await doubtAboutVenue(tools)) ?? judgeAlone(await tools.venue.probe(await credentialOf(tools, generation)));
}
