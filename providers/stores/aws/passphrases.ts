import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { PassphraseShelf } from '../../../src/ports/store.ts';
import { Secret } from '../../../src/secret.ts';
import { type Description, holderOf, usable } from './description.ts';
import { parsed } from './layout.ts';
import { labelOf, nameUnder, versionId } from './names.ts';
import { forgetOldest } from './tombstones.ts';
import { notShown, type Secrets } from './writing.ts';

/** What P(N) holds: the contract with applications. `writeId` tells a writer whose answer was lost from another one. */
const StoredPassphrase = z.object({ generation: z.number(), passphrase: z.string(), writeId: z.string() });

/**
 * Passphrases of keys that lie in another store: version p<N> with label keyturn-p<N> in the key’s secret here. A tag of the same
 * name stays when the label is taken off.
 */
export function passphraseShelf(secrets: Secrets, prefix: string): { passphrases: PassphraseShelf } {
  const isRetired = ({ tags, labels }: Description, label: string): boolean =>
    tags.has(label) && holderOf({ labels }, label) === null;

  return {
    passphrases: {
      async put(key, generation, passphrase) {
        const name = nameUnder(prefix, key);
        const label = labelOf('p', generation);
        const found = usable((await secrets.describe(name)) ?? (await secrets.create(name, versionId('g', 0))));
        if (isRetired(found, label)) throw gone(key, generation);
        const writeId = randomUUID();
        const text = JSON.stringify({ generation, passphrase: passphrase.revealText(), writeId });
        await secrets.put(name, versionId('p', generation), text, label);
        const stored = await secrets.insist(() => secrets.read(name, label));
        if (stored === null) throw gone(key, generation);
        await secrets.tag(name, { [label]: stored.createdAt.toISOString() });
        const shown = await secrets.settled(name, ({ tags }) => tags.has(label));
        if (shown === null) throw notShown(name, `the passphrase of generation ${generation}`);
        await forgetOldest(secrets, shown);
        const winner = parsed(stored.text, StoredPassphrase, name, label);
        if (winner.writeId === writeId) return 'created';
        return new Secret(winner.passphrase).equals(passphrase) ? 'same' : 'other';
      },

      async read(key, generation) {
        const name = nameUnder(prefix, key);
        const label = labelOf('p', generation);
        const version =
          (await secrets.read(name, label)) ??
          (await secrets.insist(async () => {
            const description = await secrets.describe(name);
            if (description && isRetired(description, label)) throw gone(key, generation);
            return secrets.read(name, label);
          }));
        if (version === null) throw notThere(key, generation);
        return new Secret(parsed(version.text, StoredPassphrase, name, label).passphrase);
      },

      async retire(key, generation) {
        const name = nameUnder(prefix, key);
        const label = labelOf('p', generation);
        const description = await secrets.describe(name);
        const holder = description && holderOf(usable(description), label);
        if (holder === null) return 'already';
        await secrets.move(name, label, { from: holder, to: null });
        if (await secrets.settled(name, (now) => holderOf(now, label) === null)) return 'detached';
        throw notShown(name, `the passphrase of generation ${generation} without its label`);
      },
    },
  };
}

const notThere = (key: string, generation: number): KeyturnError =>
  new KeyturnError('not-found', `the store has no passphrase of generation ${generation} of ${key}`, {
    hint: 'restore it; what others deleted is not made again',
  });

const gone = (key: string, generation: number): KeyturnError =>
  new KeyturnError('gone', `the passphrase of generation ${generation} of ${key} was destroyed`, {
    hint: 'it is never made again; keyturn rotate asks for a new key',
  });
