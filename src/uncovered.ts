import { type Key, type KeyId, storesOf } from './core/policy.ts';
import type { KeyRecord } from './core/record.ts';
import { explain, isKeyturnError, KeyturnError } from './errors.ts';
import { readRecord } from './records.ts';
import { unknownKey, type Workspace } from './workspace.ts';

/** Keys that left their policy: the stores still have their records, and nothing is done for them. */

export interface Uncovered {
  records: { store: string; record: KeyRecord }[];
  /** Stores and keys that could not be looked at, and why. */
  failures: string[];
}

/** Those of all configured stores, and what is left of those that go on under another name. */
async function unnamed(workspace: Workspace): Promise<Uncovered> {
  const found = await Promise.all(workspace.ports.sources.stores.map((store) => recordsIn(workspace, store)));
  return {
    records: found.flatMap(({ records }) => records),
    failures: found.flatMap(({ failures }) => failures),
  };
}

/** Names of those of one store, also where it keeps only passphrases of them; without those that go on under another name. */
export async function uncoveredIn(workspace: Workspace, store: string): Promise<KeyId[]> {
  const unnamed = await unnamedIn(workspace, store);
  const moved = await Promise.all(unnamed.map((key) => isMoved(workspace, key)));
  return unnamed.filter((_, index) => !moved[index]);
}

/** Keys in a store that no policy names, wherever their records went. */
export async function unnamedIn({ ports, keys }: Workspace, store: string): Promise<KeyId[]> {
  const covered = new Set(keys.flatMap((key) => (storesOf(key).includes(store) ? [key.storedAs] : [])));
  return (await (await ports.sources.reader(store)).listKeys()).filter((key) => !covered.has(key));
}

/** The word of it stands in the key’s store, which may be another one than that of its passphrases. */
async function isMoved({ ports: { sources } }: Workspace, key: KeyId): Promise<boolean> {
  const recordIn = async (store: string) => readRecord(await sources.reader(store), key);
  const records = await Promise.all(sources.stores.map((store) => recordIn(store).catch(unreadable)));
  return records.some((record) => record?.movedTo !== undefined);
}

/** What cannot be read did not say that it moved. */
function unreadable(error: unknown): null {
  if (isKeyturnError(error)) return null;
  throw error;
}

/** The one key a person named to do something about. Throws `usage` for one that left its policy, before a likely name misleads. */
export async function keyToActOn(workspace: Workspace, id: KeyId): Promise<Key> {
  const [key] = (await named(workspace, id)).keys;
  if (key) return key;
  throw new KeyturnError('usage', `no policy has a key ${id} any more: nothing is done for it`, {
    hint: `bring it back into a policy, or let its successor KEY go on with it: keyturn adopt KEY --from ${id}`,
  });
}

async function recordsIn(workspace: Workspace, store: string): Promise<Uncovered> {
  const failures: string[] = [];
  const read = await orNoted(failures, `store ${store}`, async () => {
    const reader = await workspace.ports.sources.reader(store);
    const names = await unnamedIn(workspace, store);
    return Promise.all(names.map((key) => orNoted(failures, key, () => readRecord(reader, key))));
  });
  return { records: (read ?? []).flatMap((record) => (record ? [{ store, record }] : [])), failures };
}

async function orNoted<T>(failures: string[], subject: string, look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    failures.push(`${subject}: ${explain(error)}`);
    return null;
  }
}

/**
 * What a person named: a key of a policy, or one that left it. Without a name everything. Throws `usage` for what is neither or
 * goes on under another name, and `unavailable` where a store that could not be asked may have it.
 */
export async function named(workspace: Workspace, id: KeyId | undefined): Promise<Uncovered & { keys: Key[] }> {
  if (id === undefined) {
    const { records, failures } = await unnamed(workspace);
    return { keys: workspace.keys, records: records.filter(({ record }) => record.movedTo === undefined), failures };
  }
  const keys = workspace.keys.filter((key) => key.id === id);
  if (keys.length > 0) return { keys, records: [], failures: [] };
  const { records, failures } = await unnamed(workspace);
  const left = records.filter(({ record }) => record.key === id);
  const movedTo = left.find(({ record }) => record.movedTo)?.record.movedTo;
  if (movedTo) throw new KeyturnError('usage', `${id} goes on as ${movedTo}`, { hint: `name ${movedTo} instead` });
  if (left.length > 0) return { keys, records: left, failures: [] };
  if (failures.length === 0) throw unknownKey(workspace.keys, id);
  throw new KeyturnError(
    'unavailable',
    [`no policy has a key ${id}, and not every store could be asked`, ...failures].join('\n  '),
  );
}
