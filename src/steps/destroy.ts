import { documentHash, evidenceDocument } from '../core/evidence.ts';
import {
  type Generation,
  HISTORY_LENGTH,
  hasPrivateHalf,
  isClosed,
  type KeyRecord,
  type RecordDraft,
} from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import type { KeyId, Store } from '../ports/store.ts';
import { announced, assertClaimed, generationOf, noted, type Step, type Tools } from './step.ts';

/** Erases the private half of a key that is proven dead, and closes its evidence in a document of its own. */
export const destroy: Step = async (tools, record, number) => {
  const { key, store } = tools;
  const subject = generationOf(record, number);
  if (!isClosed(subject) && subject.at.asked) throw new Error(`generation ${number} of ${key.id} is not proven dead`);
  await announced(tools, record, record, { action: 'destroy', generation: number }, async (claimed) => {
    assertClaimed(tools, claimed);
    await erase(store, key.storedAs, number);
    for (const name of subject.formerly ?? []) {
      await store.withdraw(name, number);
      await erase(store, name, number);
    }
    const generation = noted(tools, generationOf(claimed, number), 'destroyed');
    const evidence = documentHash(await storedEvidence(tools, claimed, generation));
    return finished(tools, claimed, generation, evidence);
  });
  return {
    outcome: 'done',
    reason: 'destroyed',
    message: hasPrivateHalf(subject)
      ? `the private half of generation ${number} is erased; its evidence is kept`
      : `generation ${number} is closed; its evidence is kept`,
  };
};

async function erase(store: Store, name: KeyId, number: number): Promise<void> {
  const { state } = await store.statMaterial(name, number);
  if (state !== 'absent') await store.retireMaterial(name, number);
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
): RecordDraft {
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
