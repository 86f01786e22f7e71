import pLimit from 'p-limit';
import type { Key, KeyId } from './core/policy.ts';
import type { KeyRecord } from './core/record.ts';
import { explain, isKeyturnError } from './errors.ts';
import type { Sources } from './gather.ts';
import { readRecord } from './records.ts';

/** Records where they can be read, for what is worth knowing and not needed. */
export interface LiveRecords {
  /** By the id under which the store knows the key. */
  records: Map<KeyId, KeyRecord>;
  /** Stores that were given up, and why. */
  unread: { store: string; message: string }[];
}

const READS_AT_ONCE = 16;

/** A store that fails once is not asked again: it would fail, or time out, for each of thousands of keys. */
export async function liveRecords(sources: Pick<Sources, 'reader'>, keys: readonly Key[]): Promise<LiveRecords> {
  const records: LiveRecords['records'] = new Map();
  const unread = new Map<string, string>();
  const limit = pLimit(READS_AT_ONCE);
  await limit.map(keys, async ({ store, storedAs }) => {
    if (unread.has(store)) return;
    try {
      const record = await readRecord(await sources.reader(store), storedAs);
      if (record) records.set(storedAs, record);
    } catch (error) {
      if (!isKeyturnError(error)) throw error;
      unread.set(store, explain(error));
    }
  });
  return { records, unread: [...unread].map(([store, message]) => ({ store, message })) };
}
