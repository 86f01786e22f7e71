import { isKeyturnError, KeyturnError } from '../../src/errors.ts';
import type { KeyId, Material, Store } from '../../src/ports/store.ts';
import type { Secret } from '../../src/secret.ts';
import { lockedUnder } from '../keys.ts';

/** Where passphrases lie that are not beside their keys. */
export interface Custody {
  /** The store that the policy names for them; null: passphrases go beside the keys. */
  home: Store | null;
  /** Where they may lie since a time when the policy said otherwise. */
  elsewhere: () => Promise<readonly Store[]>;
}

/**
 * Keys in one store, their passphrases in another. The passphrase is put first, and once for each generation: a worker that
 * finds another one there encrypts its key under that. The key is retired first, so that a passphrase is never missing where
 * a key is left.
 */
export function splitCustody(keys: Store, { home, elsewhere }: Custody): Store {
  async function passphraseOf(key: KeyId, generation: number): Promise<Secret> {
    const stores = [...(home ? [home] : []), ...(await elsewhere())];
    let missing: unknown;
    for (const { passphrases } of stores) {
      try {
        return await passphrases.read(key, generation);
      } catch (error) {
        if (!isKeyturnError(error, 'not-found')) throw error;
        missing ??= error;
      }
    }
    throw missing ?? nowhere(key, generation);
  }

  return {
    ...keys,

    async check(use) {
      await Promise.all([keys.check(use), home?.check(use)]);
    },

    async putMaterial(key, generation, material) {
      if (home === null || material.passphrase === null) return keys.putMaterial(key, generation, material);
      const put = await home.passphrases.put(key, generation, material.passphrase);
      const privateKey =
        put === 'other' ? lockedUnder(material, await home.passphrases.read(key, generation)) : material.privateKey;
      return keys.putMaterial(key, generation, { ...material, privateKey, passphrase: null });
    },

    async readMaterial(key, generation) {
      const material = await keys.readMaterial(key, generation);
      return isApart(material) ? { ...material, passphrase: await passphraseOf(key, generation) } : material;
    },

    async retireMaterial(key, generation) {
      const isElsewhere = home === null && isApart(await keys.readMaterial(key, generation).catch(asRetired));
      const retired = await keys.retireMaterial(key, generation);
      const stores = home ? [home] : isElsewhere ? await elsewhere() : [];
      const shelves = await Promise.all(stores.map(({ passphrases }) => passphrases.retire(key, generation)));
      return retired === 'already' ? (shelves.find((each) => each !== 'already') ?? 'already') : retired;
    },
  };
}

/** Encrypted, as its label says, and nothing beside it that opens it. */
const isApart = (material: Material | null): boolean =>
  material !== null &&
  material.passphrase === null &&
  material.privateKey.reveal().includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');

const nowhere = (key: KeyId, generation: number): KeyturnError =>
  new KeyturnError('not-found', `no configured store has the passphrase of generation ${generation} of ${key}`, {
    hint: 'name the store in keyturn.yaml in which it was kept; it is never made again',
  });

/** Retiring answers for itself what it finds. */
const asRetired = (): null => null;
