import { resolve } from 'node:path';
import { KeyturnError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import {
  type KeyId,
  MAX_RECORD_BYTES,
  type Material,
  type OpenStore,
  type Store,
  type StoreReader,
} from '../../../src/ports/store.ts';
import { fingerprintOf } from '../../keys.ts';
import { checkAccess, checkFileSystem } from './access.ts';
import { sealing } from './age.ts';
import { showCurrent } from './current-link.ts';
import { examine } from './examine.ts';
import {
  createFolderOnce,
  createOnce,
  ensureFolder,
  exists,
  numbersIn,
  probeLinks,
  readIfThere,
  removeFiles,
  replace,
} from './files.ts';
import {
  corrupt,
  digits,
  type Meta,
  newestPromotion,
  type Paths,
  PRIVATE_FILES,
  pathsOf,
  RECORD,
  readMeta,
} from './layout.ts';
import { leftBehind, removeAbandoned } from './left-behind.ts';
import { DirectoryOptions } from './options.ts';
import { passphraseShelf } from './passphrases.ts';
import { keysWith, reader } from './reader.ts';

export interface DirectoryDependencies {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

/** Older revisions kept for people who want to look; readers only ever want the newest. */
const RECORDS_KEPT = 10;

/**
 * The embedded store: a folder of plain files and age files on one machine.
 *
 *     <account>/<name>/record/00000042.json       the highest number is the record
 *                      gen/000007/                 key.pem.age  passphrase.txt.age  public.pem  meta.json  api-key.txt
 *                      promotions/000003.json      the highest number says what is current
 *                      current -> gen/000007       the same for readers
 *                      evidence/000006.json
 *                      passphrases/000007.txt.age  of keys that lie in another store
 *
 * Everything but the two .age files is plain, so planning needs no identity. There are no lock files: a number can be
 * taken only once, and whoever finds it taken has lost.
 */
export function openDirectory(options: DirectoryOptions, dependencies: DirectoryDependencies): OpenStore {
  const reader = readingHalf(options, dependencies);
  return { reader, store: storeOver(reader, options, dependencies) };
}

/** Never writes, needs no identity, and finds nothing where there is no folder. */
function readingHalf(options: DirectoryOptions, { folder }: DirectoryDependencies): StoreReader {
  const { path, identity, recipients, ...access } = DirectoryOptions.parse(options);
  const root = resolve(folder, path);
  const read = reader(root);
  const seals = sealing({ identity, recipients, folder });
  return {
    ...read,
    examine: () =>
      examine({
        root,
        identity,
        folder,
        ...access,
        seals,
        keys: () => keysWith(root, ['record', 'gen', 'passphrases']),
      }),
  };
}

function storeOver(read: StoreReader, options: DirectoryOptions, { clock, folder }: DirectoryDependencies): Store {
  const { path, identity, recipients, permissions, allowNetworkFileSystem } = DirectoryOptions.parse(options);
  const root = resolve(folder, path);
  const seals = sealing({ identity, recipients, folder });
  const json = (value: object): string => `${JSON.stringify(value)}\n`;
  /** Once it was checked, a root that has vanished is not made again: it may come back, and the store would be in two places. */
  let checkedRoot: string | undefined;
  const ensure = (path: string) => ensureFolder(path, checkedRoot);

  async function live(key: KeyId, generation: number): Promise<Meta> {
    const meta = await readMeta(pathsOf(root, key), generation);
    if (meta === null) throw notThere(key, generation);
    if (meta.state === 'retired')
      throw new KeyturnError('gone', `generation ${generation} of ${key} was destroyed`, {
        hint: 'it is never made again; keyturn rotate asks for a new one',
      });
    return meta;
  }

  /** What is there decides, whoever put it there. */
  async function compare(key: KeyId, generation: number, fingerprint: string): Promise<'same' | 'other'> {
    return (await live(key, generation)).fingerprint === fingerprint ? 'same' : 'other';
  }

  return {
    ...read,

    passphrases: passphraseShelf(root, seals, ensure),

    async check(use) {
      await ensureFolder(root);
      checkedRoot = root;
      await checkAccess(root, permissions);
      if (!allowNetworkFileSystem) await checkFileSystem(root);
      await probeLinks(root);
      await seals.checkRecipients();
      if (use === 'material') await seals.checkIdentity();
    },

    async writeRecord(key, text, expected) {
      if (Buffer.byteLength(text) > MAX_RECORD_BYTES) {
        throw new KeyturnError('quota', `the record of ${key} would be larger than ${MAX_RECORD_BYTES} bytes`, {
          hint: 'prove and destroy its previous generations first',
        });
      }
      const paths = pathsOf(root, key);
      const conflict = () =>
        new KeyturnError('conflict', `the record of ${key} was changed by somebody else`, { hint: 'run again' });
      const before = expected === 'absent' ? 0 : expected;
      if (((await numbersIn(paths.records, RECORD)).at(-1) ?? 0) !== before) throw conflict();
      await ensure(paths.records);
      const revision = before + 1;
      if (!(await createOnce(paths.record(revision), text))) throw conflict();
      const numbers = await numbersIn(paths.records, RECORD);
      if ((numbers.at(-1) ?? 0) >= revision + RECORDS_KEPT) {
        // We slept while others wrote on, and took a number that was pruned. Nearer ones were written on top of ours.
        await removeFiles(paths.records, [`${digits(revision, 8)}.json`]);
        throw conflict();
      }
      const old = numbers.filter((number) => number <= revision - RECORDS_KEPT);
      if (old.length > 0)
        await removeFiles(
          paths.records,
          old.map((number) => `${digits(number, 8)}.json`),
        );
      return revision;
    },

    async putMaterial(key, generation, { privateKey, passphrase, publicKey, fingerprint }) {
      const paths = pathsOf(root, key);
      if (await exists(paths.generation(generation))) return compare(key, generation, fingerprint);
      const meta: Meta = { generation, fingerprint, createdAt: clock.now().toISOString(), state: 'live' };
      const files = {
        'key.pem.age': await seals.seal(privateKey),
        ...(passphrase ? { 'passphrase.txt.age': await seals.seal(passphrase) } : {}),
        'public.pem': publicKey,
        'meta.json': json(meta),
      };
      await ensure(paths.generations);
      return (await createFolderOnce(paths.generation(generation), files))
        ? 'created'
        : compare(key, generation, fingerprint);
    },

    async readMaterial(key, generation): Promise<Material> {
      const paths = pathsOf(root, key);
      const file = (name: string) => readIfThere(paths.generation(generation, name));
      const [sealedKey, sealedPassphrase, publicPem] = await Promise.all([
        file('key.pem.age'),
        file('passphrase.txt.age'),
        file('public.pem'),
      ]);
      // Asked afterwards: whoever destroys it says so first, so what is live now was whole when it was read.
      const { fingerprint } = await live(key, generation);
      if (sealedKey === null || publicPem === null) throw corrupt(paths.generation(generation));
      const publicKey = publicPem.toString('utf8');
      if (fingerprintOf(publicKey) !== fingerprint) throw corrupt(paths.generation(generation, 'public.pem'));
      return {
        privateKey: await seals.open(sealedKey, paths.generation(generation, 'key.pem.age')),
        passphrase:
          sealedPassphrase && (await seals.open(sealedPassphrase, paths.generation(generation, 'passphrase.txt.age'))),
        publicKey,
        fingerprint,
      };
    },

    async promote(key, { from, to, apiKey }) {
      const paths = pathsOf(root, key);
      await live(key, to);
      const newest = await newestPromotion(paths);
      if (newest?.generation !== to && (newest?.generation ?? null) !== from)
        throw notCurrent(key, newest?.generation, from);
      await putApiKey(paths, key, to, apiKey);
      if (newest?.generation === to) {
        await showCurrent(paths);
        return 'already';
      }
      await ensure(paths.promotions);
      const moved = await createOnce(
        paths.promotion((newest?.number ?? 0) + 1),
        json({ generation: to, from, at: clock.now().toISOString() }),
      );
      await showCurrent(paths);
      if (moved) return 'moved';
      const winner = await newestPromotion(paths);
      if (winner?.generation === to) return 'already';
      throw notCurrent(key, winner?.generation, from);
    },

    async withdraw(key, generation) {
      const paths = pathsOf(root, key);
      const newest = await newestPromotion(paths);
      if (newest?.generation === generation) {
        const promotion = { generation: null, from: generation, at: clock.now().toISOString() };
        if (!(await createOnce(paths.promotion(newest.number + 1), json(promotion))))
          throw new KeyturnError('conflict', `what is current of ${key} was moved by somebody else`, {
            hint: 'run again',
          });
      }
      await showCurrent(paths);
      return newest?.generation === generation ? 'withdrawn' : 'already';
    },

    async retireMaterial(key, generation) {
      const paths = pathsOf(root, key);
      if ((await newestPromotion(paths))?.generation === generation) {
        throw new KeyturnError(
          'refused',
          `generation ${generation} of ${key} is what consumers read, it is not destroyed`,
          { hint: 'promote another one first' },
        );
      }
      const meta = await readMeta(paths, generation);
      if (meta === null) throw notThere(key, generation);
      const left = await Promise.all(PRIVATE_FILES.map((name) => exists(paths.generation(generation, name))));
      if (meta.state === 'retired' && !left.includes(true)) return 'already';
      // The marker first: what is half erased must not be taken for a key.
      if (meta.state === 'live')
        await replace(paths.generation(generation, 'meta.json'), json({ ...meta, state: 'retired' }));
      await removeFiles(paths.generation(generation), PRIVATE_FILES);
      return 'erased';
    },

    async putEvidence(key, generation, text) {
      const paths = pathsOf(root, key);
      await ensure(paths.evidenceFolder);
      if (await createOnce(paths.evidence(generation), text)) return 'created';
      return (await read.readEvidence(key, generation)) === text ? 'same' : 'other';
    },

    async tidy(key) {
      const paths = pathsOf(root, key);
      const { temporary, halfErased, link } = await leftBehind(root, key);
      await removeAbandoned(temporary);
      for (const generation of halfErased) await removeFiles(paths.generation(generation), PRIVATE_FILES);
      if (link) await showCurrent(paths);
      return [
        ...temporary.map((path) => `removed ${path}, which a stopped run had left`),
        ...halfErased.map((generation) => `finished erasing the private half of generation ${generation}`),
        ...(link ? [link.target === null ? 'current is withdrawn' : `current shows ${link.target} again`] : []),
      ];
    },
  };
}

const notThere = (key: KeyId, generation: number): KeyturnError =>
  new KeyturnError('not-found', `the store has no generation ${generation} of ${key}`, {
    hint: 'restore the store from a backup; what others deleted is not made again',
  });

const notCurrent = (key: KeyId, current: number | null | undefined, from: number | null): KeyturnError =>
  new KeyturnError('conflict', `current of ${key} is generation ${current ?? 'none'}, not ${from ?? 'none'}`, {
    hint: 'run again',
  });

async function putApiKey(paths: Paths, key: KeyId, generation: number, apiKey: string): Promise<void> {
  const path = paths.generation(generation, 'api-key.txt');
  if (await createOnce(path, apiKey)) return;
  const stored = (await readIfThere(path))?.toString('utf8');
  if (stored !== apiKey)
    throw new KeyturnError('refused', `another key id is stored beside generation ${generation} of ${key} already`, {
      hint: `look at ${path}; it is never overwritten`,
    });
}
