import { documentHash, evidenceDocument } from '../core/evidence.ts';
import { type Generation, HISTORY_LENGTH, hasPrivateHalf, isClosed, type KeyRecord, rolesOf } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import type { KeyId, Store } from '../ports/store.ts';
import { announced, assertClaimed, generationOf, noted, type Step, type Tools } from './step.ts';

/** Erases the private half of a key that is proven dead, and closes its evidence in a document of its own. */
export const destroy: Step = async (tools, record, number) => {
  const { key, store } = tools;
  const subject = generationOf(record, number);
  if (!mayGo(subject)) throw new Error(`generation ${number} of ${key.id} is not proven dead`);
  await announced(tools, record, record, { action: 'destroy', generation: number }, async (claimed) => {
    assertClaimed(tools, claimed);
    await erase(store, key.storedAs, number);
    for (const name of subject.formerly ?? []) {
      await store.withdraw(name, number);
      await erase(store, name, number);
    }
    return closed(tools, await withHalfDestroyed(tools, claimed, number), number);
  });
  return {
    outcome: 'done',
    reason: 'destroyed',
    message: hasPrivateHalf(subject)
      ? `the private half of generation ${number} is erased; its evidence is kept`
      : `generation ${number} is closed; its evidence is kept`,
  };
};

/** Nobody is asked for it any more, or nobody ever was. */
const mayGo = (generation: Generation): boolean => isClosed(generation) || generation.at.asked === undefined;

async function erase(store: Store, name: KeyId, number: number): Promise<void> {
  const { state } = await store.statMaterial(name, number);
  if (state !== 'absent') await store.retireMaterial(name, number);
}

/**
 * The record without others that were destroyed up to their last step, the record’s own: their documents name the head as it
 * still is, so they are closed first, or two documents would name the same one.
 */
async function withHalfDestroyed(tools: Tools, record: KeyRecord, number: number): Promise<KeyRecord> {
  let changed = record;
  const others = rolesOf(record).previous.filter((each) => each.generation !== number && mayGo(each));
  for (const { generation } of others)
    if ((await tools.store.readEvidence(tools.key.storedAs, generation)) !== null)
      changed = await closed(tools, changed, generation);
  return changed;
}

async function closed(tools: Tools, record: KeyRecord, number: number): Promise<KeyRecord> {
  const generation = noted(tools, generationOf(record, number), 'destroyed');
  return finished(tools, record, generation, documentHash(await storedEvidence(tools, record, generation)));
}

/** The first document that was stored counts: a run that stopped after storing it is completed, not repeated. */
async function storedEvidence({ key, store }: Tools, record: KeyRecord, generation: Generation): Promise<string> {
  const document = evidenceDocument(record, generation);
  if ((await store.putEvidence(key.storedAs, generation.generation, document)) !== 'other') return document;
  const stored = await store.readEvidence(key.storedAs, generation.generation);
  if (stored === null)
    throw new KeyturnError(
      'unavailable',
      `the evidence of generation ${generation.generation} of ${key.id} cannot be read back`,
      { hint: 'run again' },
    );
  return stored;
}

function finished(
  { clock }: Tools,
  record: KeyRecord,
  { generation, fingerprint, at, attested }: Generation,
  evidence: string,
): KeyRecord {
  const entry = {
    generation,
    ...(fingerprint ? { fingerprint } : {}),
    ...(at.provenDead ? { provenDead: at.provenDead } : {}),
    ...(attested ? { attested: attested.at } : {}),
    destroyed: clock.now().toISOString(),
    evidence,
  };
  return {
    ...record,
    generations: record.generations.filter((each) => each.generation !== generation),
    history: [...record.history, entry].slice(-HISTORY_LENGTH),
    evidenceHead: evidence,
  };
}
