import type { VenueCapabilities } from './core/capabilities.ts';
import type { Hold } from './core/decide.ts';
import type { Gathered } from './core/plan.ts';
import type { Key } from './core/policy.ts';
import type { ProofRule } from './core/proof.ts';
import { KeyRecord } from './core/record.ts';
import { explain, isKeyturnError, KeyturnError } from './errors.ts';
import type { StoreReader } from './ports/store.ts';
import { readRecord } from './records.ts';

/** What observing needs: reading halves of stores, and what venues declare of themselves. */
export interface Sources {
  stores: readonly string[];
  reader(store: string): Promise<StoreReader>;
  capabilities(venue: string): VenueCapabilities;
  proof(venue: string): ProofRule;
  claimMargin: number;
}

/** Everything a decision about this key may depend on. Never throws for what one key’s record or store is like: that is a hold. */
export async function gather(sources: Sources, key: Key, now: Date, schema = KeyRecord): Promise<Gathered> {
  const { record, hold } = await observe(sources, key, schema);
  return {
    key,
    record,
    hold,
    now,
    capabilities: sources.capabilities(key.venue),
    proof: sources.proof(key.venue),
    claimMargin: sources.claimMargin,
  };
}

/** The record of a key somebody acts on; null for a new key. Throws `corrupt` where a pass would not take it for a new one. */
export async function recordToActOn(sources: Sources, store: StoreReader, key: Key): Promise<KeyRecord | null> {
  const record = await readRecord(store, key.storedAs);
  const doubt = record === null ? await doubtAboutAbsence(sources, store, key) : null;
  if (doubt) throw new KeyturnError('corrupt', `${key.id}: ${doubt.message}`);
  return record;
}

async function observe(
  sources: Sources,
  key: Key,
  schema: typeof KeyRecord,
): Promise<{ record: KeyRecord | null; hold: Hold | null }> {
  try {
    const reader = await sources.reader(key.store);
    const record = await readRecord(reader, key.storedAs, schema);
    if (record === null) return { record, hold: await doubtAboutAbsence(sources, reader, key) };
    const hold = betweenNames(key, record);
    return { record: hold ? null : record, hold };
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { record: null, hold: { reason: 'record-unreadable', message: explain(error) } };
  }
}

/** A record that goes on under another name, or is only about to be one under this. */
function betweenNames({ id }: Key, { movedTo, arrivesFrom }: KeyRecord): Hold | null {
  if (movedTo !== undefined)
    return {
      reason: 'carried-over',
      message: `its record was carried over to ${movedTo}; give this key another name`,
    };
  return arrivesFrom === undefined
    ? null
    : {
        reason: 'carry-over-unfinished',
        message: `it was being carried over from ${arrivesFrom} when a run stopped; keyturn adopt ${id} --from ${arrivesFrom} ends it`,
      };
}

/** No record means a new key only if nothing else speaks of it: no material here, no record in another configured store. */
async function doubtAboutAbsence(sources: Sources, reader: StoreReader, key: Key): Promise<Hold | null> {
  const generations = await reader.listGenerations(key.storedAs);
  if (generations.length > 0) {
    return {
      reason: 'record-lost',
      message: `store ${key.store} holds generation ${generations.join(', ')} of ${key.storedAs}, but no record of it; restore the record from a backup of the store`,
    };
  }
  for (const other of sources.stores.filter((name) => name !== key.store)) {
    const hold = await doubtAboutStore(sources, other, key);
    if (hold) return hold;
  }
  return null;
}

async function doubtAboutStore(sources: Sources, other: string, key: Key): Promise<Hold | null> {
  try {
    const elsewhere = await (await sources.reader(other)).readRecord(key.storedAs);
    return elsewhere === null ? null : movedStore(other, key);
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return {
      reason: 'record-unreadable',
      message: `store ${key.store} has no record of ${key.storedAs}, and whether store ${other} has one cannot be seen (${error.message}), so nothing is generated; bring store ${other} back${error.hint === undefined ? '' : ` (${error.hint})`}, or take it out of keyturn.yaml if no key lies there`,
    };
  }
}

const movedStore = (other: string, key: Key): Hold => ({
  reason: 'moved-store',
  message: `its record lies in store ${other}, the policy says ${key.store}; set store: ${other}, or move the key on purpose`,
});
