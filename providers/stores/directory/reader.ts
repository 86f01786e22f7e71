import { join } from 'node:path';
import { type KeyId, MAX_RECORD_BYTES, type MaterialState, type StoreReader } from '../../../src/ports/store.ts';
import { exists, isFolder, namesIn, newestIn, numbersIn, readIfThere, readNow } from './files.ts';
import { corrupt, GENERATION, NAME, newestPromotion, pathsOf, RECORD, readMeta } from './layout.ts';

/** The reading half: never writes, needs no identity, and finds nothing where there is no folder. */
export function reader(root: string): Omit<StoreReader, 'examine'> {
  return {
    capabilities: {
      erasure: 'erased',
      freshReads: true,
      recordWritesPerDay: Number.POSITIVE_INFINITY,
      maxRecordBytes: MAX_RECORD_BYTES,
    },

    listKeys: () => keysWith(root, ['record', 'gen']),

    // Without waiting: for a small file on this machine, handing each of five calls to a thread and back costs ten times the read.
    async readRecord(key) {
      const paths = pathsOf(root, key);
      let missing = 0;
      for (;;) {
        const revision = newestIn(paths.records, RECORD);
        if (revision === undefined) return null;
        const text = readNow(paths.record(revision));
        if (text !== null) return { text, revision };
        // It was the newest a moment ago: pruned since, so there is a newer one, or else it is a link to nowhere.
        if (revision === missing) throw corrupt(paths.record(revision));
        missing = revision;
      }
    },

    listGenerations: (key) => numbersIn(pathsOf(root, key).generations, GENERATION),

    async statMaterial(key, generation): Promise<MaterialState> {
      const paths = pathsOf(root, key);
      const meta = await readMeta(paths, generation);
      return meta === null
        ? { state: 'absent' }
        : { state: meta.state, fingerprint: meta.fingerprint, createdAt: new Date(meta.createdAt) };
    },

    statCurrent: async (key) => (await newestPromotion(pathsOf(root, key)))?.generation ?? null,

    readEvidence: async (key, generation) =>
      (await readIfThere(pathsOf(root, key).evidence(generation)))?.toString('utf8') ?? null,

    async close() {},
  };
}

/** Keys that have one of these folders. Foreign files and folders beside ours are passed over. */
export async function keysWith(root: string, parts: readonly string[]): Promise<KeyId[]> {
  const accounts = (await namesIn(root)).filter((name) => NAME.test(name));
  const keys = await Promise.all(
    accounts.map(async (account) => (await keysIn(join(root, account), parts)).map((name) => `${account}/${name}`)),
  );
  return keys.flat();
}

async function keysIn(folder: string, parts: readonly string[]): Promise<string[]> {
  const names = (await isFolder(folder)) ? (await namesIn(folder)).filter((name) => NAME.test(name)) : [];
  const hold = await Promise.all(names.map((name) => holdsAny(join(folder, name), parts)));
  return names.filter((_, index) => hold[index]);
}

async function holdsAny(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if (await exists(join(folder, name)).catch(() => false)) return true;
  return false;
}
