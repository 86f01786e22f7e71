import { randomUUID } from 'node:crypto';
import { KeyRecord, type RecordDraft } from './core/record.ts';
import { isKeyturnError, KeyturnError } from './errors.ts';
import type { Clock } from './ports/clock.ts';
import type { KeyId, Store, StoredDocument, StoreReader } from './ports/store.ts';

/** Records as values over stores that only know texts and revisions. */

/** `schema`: that of records, in another form where many are read. */
export async function readRecord(
  store: Pick<StoreReader, 'readRecord'>,
  key: KeyId,
  schema = KeyRecord,
): Promise<KeyRecord | null> {
  const stored = await store.readRecord(key);
  return stored === null ? null : parseRecord(key, stored, schema);
}

/** Throws `corrupt` for a text that is not this key’s record at this revision. */
function parseRecord(key: KeyId, { text, revision }: StoredDocument, schema: typeof KeyRecord): KeyRecord {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success && parsed.data.key === key && parsed.data.revision === revision) return parsed.data;
  const where = parsed.error?.issues[0]?.path.join('.');
  throw new KeyturnError(
    'corrupt',
    `the record of ${key} (revision ${revision}) cannot be read${where ? `: ${where} is not as it should be` : ''}`,
    {
      hint: 'nothing is done for this key until it is repaired: restore the record from a backup of the store',
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Writes `draft` as the revision after `base` (null: as the first one) and returns it as stored. Throws `conflict` when
 * somebody else wrote in between. When the answer was lost, the newest text tells whether it was ours.
 */
export async function writeRecord(
  store: Store,
  clock: Clock,
  base: KeyRecord | null,
  draft: RecordDraft,
): Promise<KeyRecord> {
  const record: KeyRecord = {
    ...draft,
    revision: (base?.revision ?? 0) + 1,
    writeId: randomUUID(),
    writtenAt: clock.now().toISOString(),
  };
  try {
    await store.writeRecord(record.key, `${JSON.stringify(record)}\n`, base?.revision ?? 'absent');
  } catch (error) {
    if (!isKeyturnError(error, 'conflict', 'unavailable')) throw error;
    const newest = await readRecord(store, record.key);
    if (newest?.writeId !== record.writeId) throw error;
  }
  return record;
}
