import { type KeyId, MAX_RECORD_BYTES, type StoreReader } from '../../../src/ports/store.ts';
import { corrupt, currentIn, evidenceSecret, generationsIn, materialState } from './layout.ts';
import { CURRENT, keyUnder, labelOf, nameUnder, numberIn } from './names.ts';
import type { ParsedAwsOptions } from './options.ts';
import type { SecretReads } from './reading.ts';

/** Of record texts; far below what AWS takes, as everywhere. */

/** Reads no value but those of records: `planner` of keyturn policy iam is all it needs. */
export function reader(secrets: SecretReads, { prefix, recordPrefix }: ParsedAwsOptions): Omit<StoreReader, 'examine'> {
  const describe = (key: KeyId) => secrets.describe(nameUnder(prefix, key));

  return {
    capabilities: {
      erasure: 'detached',
      freshReads: false,
      // AWS keeps about 100 versions of a secret and none of them goes within 24 hours.
      recordWritesPerDay: 40,
      maxRecordBytes: MAX_RECORD_BYTES,
    },

    async close() {},

    async listKeys() {
      const keys = new Set<KeyId>();
      for await (const { name, labels, tags } of secrets.list([`${prefix}/`, `${recordPrefix}/`])) {
        const key = keyUnder(prefix, name) ?? keyUnder(recordPrefix, name);
        // A secret with nothing but its placeholder belongs to a run that stopped before it began.
        const hasRecord = [...labels.keys()].some((id) => numberIn('r', id));
        if (key !== null && (hasRecord || generationsIn({ labels, tags }).length > 0)) keys.add(key);
      }
      return [...keys].sort();
    },

    async readRecord(key) {
      const name = nameUnder(recordPrefix, key);
      const version = await secrets.read(name, CURRENT);
      if (version === null) return null;
      const revision = numberIn('r', version.id);
      if (revision === null)
        throw corrupt(name, `AWSCURRENT is on version ${version.id}, which is not one of keyturn’s`);
      return revision === 0 ? null : { text: version.text, revision };
    },

    async listGenerations(key) {
      const description = await describe(key);
      return description === null ? [] : generationsIn(description);
    },

    async statMaterial(key, generation) {
      const description = await describe(key);
      return description === null ? { state: 'absent' } : materialState(description, generation);
    },

    async statCurrent(key) {
      const description = await describe(key);
      return description === null ? null : currentIn(description);
    },

    async readEvidence(key, generation) {
      const name = evidenceSecret(nameUnder(recordPrefix, key), generation);
      return (await secrets.read(name, labelOf('e', generation)))?.text ?? null;
    },
  };
}
