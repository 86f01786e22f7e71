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

  /** What is not where the policy says now lies where it said before. */
  async function retirePassphrase(key: KeyId, generation: number): ReturnType<Store['retireMaterial']> {
    const here = (await home?.passphrases.retire(key, generation)) ?? 'already';
    if (here !== 'already') return here;
    const there = await Promise.all((await elsewhere()).map(({ passphrases }) => passphrases.retire(key, generation)));
    return there.find((each) => each !== 'already') ?? 'already';
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
      const hasPassphrase = home !== null || (await mayBeApart(keys, key, generation));
      const retired = await keys.retireMaterial(key, generation);
      const passphrase = hasPassphrase ? await retirePassphrase(key, generation) : 'already';
      return retired === 'already' ? passphrase : retired;
    },

    tidy: async (key) => [...(await keys.tidy(key)), ...((await home?.tidy(key)) ?? [])],
  };
}

/** Encrypted, as its label says, and nothing beside it that opens it. */
const isApart = ({ privateKey, passphrase }: Material): boolean =>
  passphrase === null && privateKey.reveal().includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');

/** The same for one that is to be erased: where it is erased already, or damaged, a stop may have left its passphrase. */
async function mayBeApart(keys: Store, key: KeyId, generation: number): Promise<boolean> {
  try {
    return isApart(await keys.readMaterial(key, generation));
  } catch (error) {
    if (isKeyturnError(error, 'gone', 'not-found', 'corrupt')) return true;
    throw error;
  }
}

const nowhere = (key: KeyId, generation: number): KeyturnError =>
  new KeyturnError('not-found', `no configured store has the passphrase of generation ${generation} of ${key}`, {
    hint: 'name the store in keyturn.yaml in which it was kept; it is never made again',
  });
