import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId, PassphraseShelf } from '../../../src/ports/store.ts';
import { Secret } from '../../../src/secret.ts';
import { contentsOrNull, corrupt } from './documents.ts';
import type { Kv } from './kv.ts';
import { pathOf } from './paths.ts';

const Passphrase = z.object({ passphrase: z.string() });

/** `passphrase/<g>`, only version 1, of keys that lie in another store. `erase` destroys versions and reads back that they are. */
export function passphraseShelf(
  kv: Kv,
  erase: (kv: Kv, path: string, last: number, about: string) => Promise<void>,
): PassphraseShelf {
  const nameOf = (key: KeyId, generation: number) => `the passphrase of generation ${generation} of ${key}`;

  const shelf: PassphraseShelf = {
    async put(key, generation, passphrase) {
      const about = `store ${nameOf(key, generation)}`;
      const fields = { passphrase: passphrase.revealText() };
      if ((await kv.create(pathOf(key, 'passphrase', generation), fields, about)) === 'created') return 'created';
      return (await shelf.read(key, generation)).equals(passphrase) ? 'same' : 'other';
    },

    async read(key, generation) {
      const name = nameOf(key, generation);
      const version = await kv.read(pathOf(key, 'passphrase', generation), `read ${name}`, 1);
      if (version.state === 'destroyed')
        throw new KeyturnError('gone', `${name} was destroyed`, {
          hint: 'it is never made again; keyturn rotate asks for a new key',
        });
      const found = contentsOrNull(Passphrase, version, name);
      if (found) return new Secret(found.passphrase);
      throw new KeyturnError('not-found', `Vault has not got ${name}`, {
        hint: 'restore the store from a snapshot; what others deleted is not made again',
      });
    },

    async retire(key, generation) {
      const name = nameOf(key, generation);
      const path = pathOf(key, 'passphrase', generation);
      const state = (await kv.stat(path, `look at ${name}`))?.states.get(1)?.state;
      if (state === undefined || state === 'destroyed') return 'already';
      if (state === 'deleted') throw corrupt(`${name} was deleted by somebody, not by keyturn`);
      await erase(kv, path, 1, `destroy ${name}`);
      return 'erased';
    },
  };
  return shelf;
}
