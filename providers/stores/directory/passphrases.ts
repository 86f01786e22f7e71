import { KeyturnError } from '../../../src/errors.ts';
import type { PassphraseShelf } from '../../../src/ports/store.ts';
import type { Sealing } from './age.ts';
import { createOnce, exists, readIfThere, removeFiles } from './files.ts';
import { pathsOf } from './layout.ts';

/** `passphrases/000007.txt.age`, written once; `000007.retired` stays when it is erased. */
export function passphraseShelf(
  root: string,
  seals: Pick<Sealing, 'seal' | 'open'>,
  ensure: (folder: string) => Promise<void>,
): PassphraseShelf {
  const shelf: PassphraseShelf = {
    async put(key, generation, passphrase) {
      const paths = pathsOf(root, key);
      await ensure(paths.passphrases);
      // Sealed before looking for the marker: it may be set meanwhile, and then what was just written goes with the next retiring.
      const sealed = await seals.seal(passphrase);
      if (await exists(paths.passphraseRetired(generation))) throw gone(key, generation);
      if (await createOnce(paths.passphrase(generation), sealed)) return 'created';
      return (await shelf.read(key, generation)).equals(passphrase) ? 'same' : 'other';
    },

    async read(key, generation) {
      const paths = pathsOf(root, key);
      if (await exists(paths.passphraseRetired(generation))) throw gone(key, generation);
      const sealed = await readIfThere(paths.passphrase(generation));
      if (sealed !== null) return seals.open(sealed, paths.passphrase(generation));
      throw new KeyturnError('not-found', `the store has no passphrase of generation ${generation} of ${key}`, {
        hint: 'restore the store from a backup; what others deleted is not made again',
      });
    },

    async retire(key, generation) {
      const paths = pathsOf(root, key);
      const isThere = await exists(paths.passphrase(generation));
      if (!isThere) return 'already';
      // The marker first: what is half erased must not be taken for a passphrase.
      await createOnce(paths.passphraseRetired(generation), '');
      await removeFiles(paths.passphrases, [paths.passphraseName(generation)]);
      return 'erased';
    },
  };
  return shelf;
}

const gone = (key: string, generation: number): KeyturnError =>
  new KeyturnError('gone', `the passphrase of generation ${generation} of ${key} was destroyed`, {
    hint: 'it is never made again; keyturn rotate asks for a new key',
  });
