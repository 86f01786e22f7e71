import { KeyturnError } from '../../../src/errors.ts';
import { type KeyId, MAX_RECORD_BYTES, type Store } from '../../../src/ports/store.ts';
import { type Description, usable } from './description.ts';
import { headOf } from './layout.ts';
import { CURRENT, nameUnder, versionId } from './names.ts';
import { notShown, type Secrets } from './writing.ts';

/**
 * Revision N is the version whose id is made of N: AWS takes each id with one text only, and that is the compare-and-swap.
 * The same text at the same revision is the same write, so a repeated request changes nothing.
 */
export function recordWriter(secrets: Secrets, recordPrefix: string): Pick<Store, 'writeRecord'> {
  return {
    async writeRecord(key, text, expected) {
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_RECORD_BYTES) throw tooLarge(key, bytes);
      const name = nameUnder(recordPrefix, key);
      const before = expected === 'absent' ? 0 : expected;
      const head = await headBefore(secrets, name, key, before);
      if (head < before && !(await secrets.hasVersion(name, versionId('r', before)))) throw changed(key);
      if (head > before) throw changed(key);
      const revision = before + 1;
      const isOurs = await secrets.put(name, versionId('r', revision), text, null);
      const shown = await secrets.settled(name, (description) => headOf(description).revision >= revision);
      if (!isOurs || (shown && (await repaired(secrets, shown)))) throw changed(key);
      if (!shown) throw notShown(name, `revision ${revision}`);
      return revision;
    },
  };
}

/** The revision the record seems to be at; makes the secret for a first one. */
async function headBefore(secrets: Secrets, name: string, key: KeyId, before: number): Promise<number> {
  const found = await secrets.describe(name);
  if (found === null && before > 0) throw changed(key);
  const description = found ?? (await secrets.create(name, versionId('r', 0)));
  if (await repaired(secrets, usable(description))) throw changed(key);
  return headOf(description).revision;
}

/** Moves AWSCURRENT back to the highest revision, where a worker that slept for days pulled it off. False: it was there. */
export async function repaired(secrets: Secrets, description: Description): Promise<boolean> {
  const { revision, regressed } = headOf(description);
  if (regressed === null) return false;
  await secrets.move(description.name, CURRENT, { from: versionId('r', regressed), to: versionId('r', revision) });
  await secrets.settled(description.name, (now) => headOf(now).regressed === null);
  return true;
}

const changed = (key: KeyId): KeyturnError =>
  new KeyturnError('conflict', `the record of ${key} was changed by somebody else`, { hint: 'run again' });

const tooLarge = (key: KeyId, bytes: number): KeyturnError =>
  new KeyturnError('quota', `the record of ${key} would have ${bytes} bytes, ${MAX_RECORD_BYTES} is the most`, {
    hint: 'prove and destroy its previous generations first',
  });
