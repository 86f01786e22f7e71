import { describeAnswer, type Judgement, judgeAlone } from '../core/proof.ts';
import { emptyRecord, type Finding, type Generation, type KeyRecord } from '../core/record.ts';
import { findingsOf } from '../core/verification.ts';
import { KeyturnError } from '../errors.ts';
import type { Material } from '../ports/store.ts';
import type { Algorithm, Credential, ListedKey, Probe } from '../ports/venue.ts';
import { assertFree, type TakenId } from './hand-in.ts';
import { doubtAboutVenue, noted, save, type Tools } from './step.ts';

export interface Adoption {
  apiKey: string;
  /** Its private half; null where only the id is known. */
  pair: (Material & { algorithm: Algorithm }) | null;
  taken: readonly TakenId[];
}

export interface Adopted {
  generation: number;
  age: 'known' | 'unknown';
  hasPrivateHalf: boolean;
  /** What is not as the policy says. */
  findings: Finding[];
}

/**
 * Takes on a key that people made: it becomes the current generation. The private half is tried at the venue before anything
 * is stored, and stored before the record says so; stopped in between, it is done again and comes out the same. Where the
 * store has the pair already and its record was lost, the pair is taken from there.
 */
export async function adopt(tools: Tools, record: KeyRecord | null, adoption: Adoption): Promise<Adopted> {
  const { key } = tools;
  if (record !== null) throw known(key.id, record);
  const generation = await numberFor(tools, adoption.pair);
  assertFree(key.id, generation, adoption.apiKey, adoption.taken);
  const listed = await listedAs(tools, adoption.apiKey);
  const pair = adoption.pair ?? (await stored(tools, generation));
  const probe = pair && (await tried(tools, { apiKey: adoption.apiKey, signer: tools.keys.signer(pair) }));
  if (pair) await deliver(tools, generation, pair, adoption.apiKey);
  const created = probe?.inspection?.createdAt ?? listed?.createdAt ?? null;
  const age = created === null ? 'unknown' : 'known';
  const adopted = adoptedGeneration(tools, { generation, apiKey: adoption.apiKey, pair, probe, created, age });
  const accountUid = probe?.inspection?.accountUid;
  await save(tools, null, {
    ...emptyRecord(key.storedAs),
    ...(accountUid ? { accountUid } : {}),
    generations: [adopted],
    current: generation,
    last: Math.max(generation, ...(await tools.store.listGenerations(key.storedAs))),
  });
  const expectation = {
    key,
    capabilities: tools.venue.capabilities,
    accountUid: null,
    fingerprint: pair?.fingerprint ?? null,
  };
  return {
    generation,
    age,
    hasPrivateHalf: pair !== null,
    findings: probe ? findingsOf(probe, null, expectation) : [],
  };
}

/** 1, or the generation whose pair the store has without a record of it. */
async function numberFor({ key, store }: Tools, pair: Adoption['pair']): Promise<number> {
  const there = await store.listGenerations(key.storedAs);
  if (there.length === 0) return 1;
  if (pair === null) {
    const current = await store.statCurrent(key.storedAs);
    if (current !== null) return current;
  }
  for (const generation of there) {
    const { fingerprint, state } = await store.statMaterial(key.storedAs, generation);
    if (state === 'live' && fingerprint === pair?.fingerprint) return generation;
  }
  throw new KeyturnError('refused', `the store holds generation ${there.join(', ')} of ${key.id}, and not this pair`, {
    hint: 'restore the record from a backup of the store, or adopt the key whose pair is there',
  });
}

async function stored(
  { key, store }: Tools,
  generation: number,
): Promise<(Material & { algorithm: Algorithm }) | null> {
  const { state } = await store.statMaterial(key.storedAs, generation);
  return state === 'live'
    ? { ...(await store.readMaterial(key.storedAs, generation)), algorithm: key.algorithm }
    : null;
}

/** Where the account's keys can be listed, an id that is not among them is a mistake. */
async function listedAs({ key, venue }: Tools, apiKey: string): Promise<ListedKey | null> {
  const listing = await venue.management.list?.(key.account);
  if (listing?.state !== 'listed') return null;
  const found = listing.keys.find((each) => each.apiKey === apiKey);
  if (found) return found;
  throw new KeyturnError('refused', `the venue lists no key of that id in account ${key.account}`, {
    hint: 'check the id for typing mistakes, and the account',
  });
}

async function tried(tools: Tools, credential: Credential): Promise<Probe> {
  const { key, venue } = tools;
  const doubt = await doubtAboutVenue(tools);
  if (doubt) throw notAdopted(key.id, doubt);
  const probe = await venue.probe(credential);
  const judgement = judgeAlone(probe);
  if (judgement.verdict === 'alive') return probe;
  throw notAdopted(key.id, judgement);
}

function notAdopted(id: string, { reason, message }: Judgement): KeyturnError {
  const isForeign = reason === 'signature-refused';
  const why = isForeign ? `${message} than that of this private half` : message;
  return new KeyturnError(
    reason === 'refused' || isForeign ? 'refused' : 'unavailable',
    `${id} is not adopted: ${why}`,
    {
      hint: isForeign
        ? 'give the private half that belongs to this id'
        : 'check the id, and that the allowlist has the address keyturn runs from; nothing was stored',
    },
  );
}

async function deliver(tools: Tools, generation: number, pair: Material, apiKey: string): Promise<void> {
  const { key, store } = tools;
  if ((await store.putMaterial(key.storedAs, generation, pair)) === 'other') {
    throw new KeyturnError('conflict', `another pair was stored as generation ${generation} of ${key.id} meanwhile`, {
      hint: 'run again',
    });
  }
  const from = await store.statCurrent(key.storedAs);
  await store.promote(key.storedAs, { from, to: generation, apiKey });
}

function adoptedGeneration(
  tools: Tools,
  {
    generation,
    apiKey,
    pair,
    probe,
    created,
    age,
  }: {
    generation: number;
    apiKey: string;
    pair: Adoption['pair'];
    probe: Probe | null;
    created: string | null;
    age: Adopted['age'];
  },
): Generation {
  const now = tools.clock.now().toISOString();
  const answers = probe?.answers.map(describeAnswer) ?? [];
  const adopted: Generation = {
    generation,
    algorithm: pair?.algorithm ?? tools.key.algorithm,
    apiKey,
    at: {
      generated: now,
      asked: now,
      registered: created ?? now,
      promoted: now,
      ...(created ? { created } : {}),
      ...(pair ? { stored: now } : {}),
      ...(probe ? { verified: now, checked: now } : {}),
    },
    ...(pair ? { publicKey: pair.publicKey, fingerprint: pair.fingerprint } : {}),
    ...(probe ? { baseline: { at: now, answers } } : {}),
    adopted: { at: now, by: tools.by, age },
    evidence: [],
  };
  return noted(tools, adopted, 'adopted', { age, privateHalf: pair === null ? 'not known' : 'stored', answers });
}

const known = (id: string, { current, last }: KeyRecord): KeyturnError =>
  new KeyturnError('refused', `keyturn looks after ${id} already: generation ${current ?? last}`, {
    hint: 'keyturn status shows where it stands; keyturn rotate asks for a fresh key',
  });
