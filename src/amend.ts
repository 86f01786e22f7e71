import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from './core/policy.ts';
import type { KeyRecord, RecordDraft } from './core/record.ts';
import { isKeyturnError } from './errors.ts';
import { readRecord, writeRecord } from './records.ts';
import type { Workspace } from './workspace.ts';

/** Each notifier marks for itself, so many may meet at one record. */
const TRIES_AFTER_CONFLICT = 12;

/**
 * Changes the newest record of a key, whoever else is writing it; writes nothing where `change` returns the same. Returns the
 * record as it then is, null where there is none.
 */
export async function amend(
  { ports, clock }: Pick<Workspace, 'ports' | 'clock'>,
  key: Key,
  change: (newest: KeyRecord) => RecordDraft,
): Promise<KeyRecord | null> {
  const store = await ports.store(key.store);
  for (let tries = 1; ; tries++) {
    const record = await readRecord(store, key.storedAs);
    if (record === null) return null;
    const changed = change(record);
    if (changed === record) return record;
    try {
      return await writeRecord(store, clock, record, changed);
    } catch (error) {
      if (!isKeyturnError(error, 'conflict') || tries >= TRIES_AFTER_CONFLICT) throw error;
      await sleep(Math.random() * 20 * tries);
    }
  }
}
