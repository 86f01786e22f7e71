import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId, Store } from '../../../src/ports/store.ts';
import { type Description, usable } from './description.ts';
import {
  assertLive,
  ConsumerDocument,
  currentIn,
  materialState,
  notThere,
  parsed,
  type StoredMaterial,
} from './layout.ts';
import { storedMaterial } from './material.ts';
import { CURRENT, labelOf, nameUnder, versionId } from './names.ts';
import { notShown, type Secrets } from './writing.ts';

/**
 * Consumers read one version whole or another one: first the version with the complete document is made, then AWSCURRENT moves
 * to it, if it is still where it was. AWSPREVIOUS follows by itself.
 */
export function promotion(secrets: Secrets, prefix: string): Pick<Store, 'promote' | 'withdraw'> {
  return {
    /** Back to the placeholder: AWSCURRENT can only be moved. */
    async withdraw(key, generation) {
      const name = nameUnder(prefix, key);
      const description = await secrets.describe(name);
      if (description === null || currentIn(usable(description)) !== generation) return 'already';
      await secrets.move(name, CURRENT, { from: versionId('c', generation), to: versionId('g', 0) });
      const shown = await secrets.settled(name, (now) => currentIn(now) !== generation);
      if (shown) return 'withdrawn';
      throw notShown(name, `nothing of ${key} as current`);
    },

    async promote(key, { from, to, apiKey }) {
      const name = nameUnder(prefix, key);
      const description = await secrets.describe(name);
      if (description === null) throw notThere(key, to);
      assertLive(key, to, materialState(usable(description), to));
      const current = currentIn(description);
      if (current !== from && current !== to) throw notCurrent(key, current, from);
      const material = await storedMaterial(secrets, name, key, to);
      await putDocument(secrets, name, key, consumerDocument(description, material, from, apiKey));
      if (current === to) return 'already';
      const move = { from: current === null ? versionId('g', 0) : versionId('c', current), to: versionId('c', to) };
      const moved = await secrets.move(name, CURRENT, move);
      // AWS said no: somebody was here first. What it shows must be newer than what we decided on.
      const shown = await secrets.settled(name, (now) => (moved ? currentIn(now) === to : currentIn(now) !== current));
      if (moved && shown === null) throw notShown(name, `generation ${to} as current`);
      if (moved) return 'moved';
      if (shown && currentIn(shown) === to) return 'already';
      throw notCurrent(key, shown ? currentIn(shown) : current, from);
    },
  };
}

function consumerDocument(
  description: Description,
  { privateKey, passphrase, publicKey, fingerprint, generation }: StoredMaterial,
  from: number | null,
  apiKey: string,
): ConsumerDocument {
  const before = from === null ? undefined : materialState(description, from).fingerprint;
  const previous = from === null || before === undefined ? null : { generation: from, fingerprint: before };
  return { apiKey, privateKey, passphrase, publicKey, fingerprint, generation, previous };
}

/** Create-once: a document that is there is kept, and refused where it names another key id. */
async function putDocument(secrets: Secrets, name: string, key: KeyId, document: ConsumerDocument): Promise<void> {
  const { generation, apiKey } = document;
  const label = labelOf('c', generation);
  await secrets.put(name, versionId('c', generation), JSON.stringify(document), label);
  const stored = await secrets.insist(() => secrets.read(name, label));
  if (stored === null) throw notShown(name, `the document of generation ${generation}`);
  const { apiKey: kept, fingerprint } = parsed(stored.text, ConsumerDocument, name, label);
  if (kept === apiKey && fingerprint === document.fingerprint) return;
  throw new KeyturnError('refused', `another key id is stored beside generation ${generation} of ${key} already`, {
    hint: 'a key id is not replaced once consumers could read it; keyturn rotate asks for another generation',
  });
}

const notCurrent = (key: KeyId, current: number | null, from: number | null): KeyturnError =>
  new KeyturnError('conflict', `current of ${key} is generation ${current ?? 'none'}, not ${from ?? 'none'}`, {
    hint: 'run again',
  });
