import type { StoredFacts, StoredPair } from '../core/doctor/facts.ts';
import type { Generation, KeyRecord } from '../core/record.ts';
import { explain, isKeyturnError } from '../errors.ts';
import type { Signer } from '../ports/keys.ts';
import type { StoreReader } from '../ports/store.ts';
import type { Tools } from '../steps/step.ts';

/** What a store holds of one key beside its record, and the pairs in it that open. */
interface Opened {
  stored: StoredFacts;
  /** By generation; only pairs that belong to what the record says. */
  signers: ReadonlyMap<number, Signer>;
}

/** `tools` null: the store cannot be acted on, so nothing is opened. */
export async function lookAtPairs(reader: StoreReader, record: KeyRecord, tools: Tools | null): Promise<Opened> {
  const { key } = record;
  const numbers = new Set([
    ...(await reader.listGenerations(key)),
    ...record.generations.map(({ generation }) => generation),
  ]);
  const pairs = await Promise.all([...numbers].map((number) => statOrError(reader, key, number)));
  const material = pairs.flatMap((pair) => ('state' in pair ? [pair] : []));
  const living = record.generations.filter(
    ({ generation, at }) =>
      at.stored && !at.provenDead && material.some((pair) => pair.generation === generation && pair.state === 'live'),
  );
  const opened = tools === null ? [] : await Promise.all(living.map((each) => openOrError(tools, each)));
  return {
    stored: {
      current: await reader.statCurrent(key),
      material,
      evidence: await Promise.all(
        record.history.map(async ({ generation }) => ({
          generation,
          document: await reader.readEvidence(key, generation),
        })),
      ),
      unopened: [...pairs, ...opened].flatMap((each) => ('message' in each ? [each] : [])),
    },
    signers: new Map(
      opened.flatMap((each) => ('signer' in each && each.signer ? [[each.generation, each.signer] as const] : [])),
    ),
  };
}

type Unopened = StoredFacts['unopened'][number];

const statOrError = (reader: StoreReader, key: string, generation: number): Promise<StoredPair | Unopened> =>
  orMessage(generation, async () => {
    const { state, fingerprint } = await reader.statMaterial(key, generation);
    return { generation, state, fingerprint };
  });

/** A pair whose fingerprint differs is a finding of its own; nothing is signed with it. */
const openOrError = (
  { store, keys, key }: Tools,
  { generation, fingerprint }: Generation,
): Promise<{ generation: number; signer: Signer | null } | Unopened> =>
  orMessage(generation, async () => {
    const material = await store.readMaterial(key.storedAs, generation);
    const signer = keys.signer(material);
    return { generation, signer: material.fingerprint === fingerprint ? signer : null };
  });

async function orMessage<T>(generation: number, look: () => Promise<T>): Promise<T | Unopened> {
  try {
    return await look();
  } catch (error) {
    if (isKeyturnError(error)) return { generation, message: explain(error) };
    throw error;
  }
}
