import type { Material, PassphraseShelf, Store } from '../../src/ports/store.ts';
import { lockedUnder } from '../keys.ts';

/**
 * Keys in one store, their passphrases in another. The passphrase is put first, and once for each generation: a worker that
 * finds another one there encrypts its key under that. The key is retired first, so that a passphrase is never missing where
 * a key is left.
 */
export function splitCustody(keys: Store, passphrases: PassphraseShelf): Store {
  return {
    ...keys,

    async putMaterial(key, generation, material) {
      if (material.passphrase === null) return keys.putMaterial(key, generation, material);
      const put = await passphrases.put(key, generation, material.passphrase);
      const passphrase = put === 'other' ? await passphrases.read(key, generation) : material.passphrase;
      const privateKey = put === 'other' ? lockedUnder(material, passphrase) : material.privateKey;
      return keys.putMaterial(key, generation, { ...material, privateKey, passphrase: null });
    },

    async readMaterial(key, generation): Promise<Material> {
      const material = await keys.readMaterial(key, generation);
      return { ...material, passphrase: await passphrases.read(key, generation) };
    },

    async retireMaterial(key, generation) {
      const retired = await keys.retireMaterial(key, generation);
      const passphrase = await passphrases.retire(key, generation);
      return retired === 'already' ? passphrase : retired;
    },
  };
}
