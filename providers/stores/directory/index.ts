import { createHash, createPublicKey } from 'node:crypto';
import { readlink, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { KeyturnError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { KeyId, Material, MaterialState, Store, StoreReader } from '../../../src/ports/store.ts';
import { SecretReference } from '../../../src/secret-reference.ts';
import { sealing } from './age.ts';
import {
  createFolderOnce,
  createOnce,
  ensureFolder,
  exists,
  isFolder,
  namesIn,
  numbersIn,
  onPath,
  pointLink,
  probeLinks,
  readIfThere,
  removeFiles,
  replace,
} from './files.ts';

/**
 * The embedded store: a folder of plain files and age files on one machine.
 *
 *     <account>/<name>/record/00000042.json       the highest number is the record
 *                      gen/000007/                 key.pem.age  passphrase.txt.age  public.pem  meta.json  api-key.txt
 *                      promotions/000003.json      the highest number says what is current
 *                      current -> gen/000007       the same for readers
 *                      evidence/000006.json
 *
 * Everything but the two .age files is plain, so planning needs no identity. There are no lock files: a number can be
 * taken only once, and whoever finds it taken has lost.
 */
export const DirectoryOptions = z.strictObject({
  path: z.string().min(1).meta({ description: 'The folder. Relative paths start at the folder of keyturn.yaml.' }),
  identity: SecretReference.default({ file: '.keyturn/identity.txt' }).meta({
    description: 'The age identity that opens the private halves.',
  }),
  recipients: z.array(z.string()).min(2).optional().meta({
    description:
      'age recipients everything is encrypted to, at least two. Default: recipients.txt beside the identity.',
  }),
  permissions: z
    .literal(['private', 'group'])
    .default('private')
    .meta({ description: 'group: the folder may be open to its group, as a Kubernetes fsGroup makes it.' }),
  allowNetworkFileSystem: z
    .boolean()
    .default(false)
    .meta({ description: 'Use it on NFS, SMB or FUSE although links are not always atomic there.' }),
});
export type DirectoryOptions = z.input<typeof DirectoryOptions>;

export interface DirectoryDependencies {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

/** Older revisions kept for people who want to look; readers only ever want the newest. */
const RECORDS_KEPT = 10;
const MAX_RECORD_BYTES = 16 * 1024;

const RECORD = /^\d{8}\.json$/;
const GENERATION = /^\d{6}$/;
const PROMOTION = /^\d{6}\.json$/;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?$/;

const Meta = z.object({
  generation: z.number(),
  fingerprint: z.string(),
  createdAt: z.iso.datetime(),
  state: z.literal(['live', 'retired']),
});
type Meta = z.infer<typeof Meta>;
const Promotion = z.object({ generation: z.number() });

const digits = (number: number, length: number): string => `${number}`.padStart(length, '0');

/** Paths of one key. */
function pathsOf(root: string, key: KeyId) {
  const parts = key.split('/');
  if (parts.length !== 2 || !parts.every((part) => NAME.test(part) && !part.includes('..')))
    throw new KeyturnError('invalid', `“${key}” is not a key id`, { hint: 'write account/name' });
  const folder = join(root, key);
  return {
    folder,
    records: join(folder, 'record'),
    record: (revision: number) => join(folder, 'record', `${digits(revision, 8)}.json`),
    generations: join(folder, 'gen'),
    generation: (number: number, file = '') => join(folder, 'gen', digits(number, 6), file),
    promotions: join(folder, 'promotions'),
    promotion: (number: number) => join(folder, 'promotions', `${digits(number, 6)}.json`),
    current: join(folder, 'current'),
    evidence: (number: number) => join(folder, 'evidence', `${digits(number, 6)}.json`),
  };
}

const corrupt = (path: string): KeyturnError =>
  new KeyturnError('corrupt', `${path} cannot be read`, {
    hint: 'restore it from a backup of the store, or move it away if it does not belong there',
  });

async function readParsed<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    throw corrupt(path);
  }
}

/** The reading half: never writes, needs no identity, and finds nothing where there is no folder. */
export function openDirectoryReader(options: DirectoryOptions, { folder }: DirectoryDependencies): StoreReader {
  return reader(resolve(folder, options.path));
}

function reader(root: string): StoreReader {
  return {
    capabilities: {
      erasure: 'erased',
      freshReads: true,
      recordWritesPerDay: Number.POSITIVE_INFINITY,
      maxRecordBytes: MAX_RECORD_BYTES,
    },

    async listKeys() {
      const accounts = (await namesIn(root)).filter((name) => NAME.test(name));
      const keys = await Promise.all(
        accounts.map(async (account) => (await keysIn(root, account)).map((name) => `${account}/${name}`)),
      );
      return keys.flat();
    },

    async readRecord(key) {
      const paths = pathsOf(root, key);
      let missing = 0;
      for (;;) {
        const revision = (await numbersIn(paths.records, RECORD)).at(-1);
        if (revision === undefined) return null;
        const text = await readIfThere(paths.record(revision));
        if (text !== null) return { text: text.toString('utf8'), revision };
        // It was the newest a moment ago: pruned since, so there is a newer one, or else it is a link to nowhere.
        if (revision === missing) throw corrupt(paths.record(revision));
        missing = revision;
      }
    },

    listGenerations: (key) => numbersIn(pathsOf(root, key).generations, GENERATION),

    async statMaterial(key, generation): Promise<MaterialState> {
      const paths = pathsOf(root, key);
      const meta = await readMeta(paths, generation);
      return meta === null
        ? { state: 'absent' }
        : { state: meta.state, fingerprint: meta.fingerprint, createdAt: new Date(meta.createdAt) };
    },

    statCurrent: async (key) => (await newestPromotion(pathsOf(root, key)))?.generation ?? null,

    readEvidence: async (key, generation) =>
      (await readIfThere(pathsOf(root, key).evidence(generation)))?.toString('utf8') ?? null,
  };
}

type Paths = ReturnType<typeof pathsOf>;

/** Foreign files and folders beside ours are passed over. */
async function keysIn(root: string, account: string): Promise<string[]> {
  const folder = join(root, account);
  const names = (await isFolder(folder)) ? (await namesIn(folder)).filter((name) => NAME.test(name)) : [];
  const hold = await Promise.all(
    names.map(
      async (name) =>
        (await exists(join(folder, name, 'record')).catch(() => false)) ||
        exists(join(folder, name, 'gen')).catch(() => false),
    ),
  );
  return names.filter((_, index) => hold[index]);
}

async function readMeta(paths: Paths, generation: number): Promise<Meta | null> {
  const meta = await readParsed(paths.generation(generation, 'meta.json'), Meta);
  if (meta === null && (await exists(paths.generation(generation))))
    throw corrupt(paths.generation(generation, 'meta.json'));
  return meta;
}

async function newestPromotion(paths: Paths): Promise<{ number: number; generation: number } | null> {
  const number = (await numbersIn(paths.promotions, PROMOTION)).at(-1);
  if (number === undefined) return null;
  const promotion = await readParsed(paths.promotion(number), Promotion);
  if (promotion === null) throw corrupt(paths.promotion(number));
  return { number, generation: promotion.generation };
}

export function openDirectoryStore(options: DirectoryOptions, { clock, folder }: DirectoryDependencies): Store {
  const { path, identity, recipients, permissions, allowNetworkFileSystem } = DirectoryOptions.parse(options);
  const root = resolve(folder, path);
  const seals = sealing({ identity, recipients, folder });
  const read = reader(root);
  const json = (value: object): string => `${JSON.stringify(value)}\n`;

  async function live(key: KeyId, generation: number): Promise<Meta> {
    const meta = await readMeta(pathsOf(root, key), generation);
    if (meta === null) throw new KeyturnError('not-found', `the store has no generation ${generation} of ${key}`);
    if (meta.state === 'retired') throw new KeyturnError('gone', `generation ${generation} of ${key} was destroyed`);
    return meta;
  }

  /** What is there decides, whoever put it there. */
  async function compare(key: KeyId, generation: number, fingerprint: string): Promise<'same' | 'other'> {
    return (await live(key, generation)).fingerprint === fingerprint ? 'same' : 'other';
  }

  return {
    ...read,

    async check() {
      await ensureFolder(root);
      await checkAccess(root, permissions);
      if (!allowNetworkFileSystem) await checkFileSystem(root);
      await probeLinks(root);
      await seals.checkRecipients();
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
      await ensureFolder(paths.records);
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
      await ensureFolder(paths.generations);
      return (await createFolderOnce(paths.generation(generation), files))
        ? 'created'
        : compare(key, generation, fingerprint);
    },

    async readMaterial(key, generation): Promise<Material> {
      const { fingerprint } = await live(key, generation);
      const paths = pathsOf(root, key);
      const file = (name: string) => readIfThere(paths.generation(generation, name));
      const [sealedKey, sealedPassphrase, publicPem] = await Promise.all([
        file('key.pem.age'),
        file('passphrase.txt.age'),
        file('public.pem'),
      ]);
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
      await ensureFolder(paths.promotions);
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

    async retireMaterial(key, generation) {
      const paths = pathsOf(root, key);
      if ((await newestPromotion(paths))?.generation === generation) {
        throw new KeyturnError(
          'refused',
          `generation ${generation} of ${key} is what consumers read, it is not destroyed`,
        );
      }
      const meta = await readMeta(paths, generation);
      if (meta === null) throw new KeyturnError('not-found', `the store has no generation ${generation} of ${key}`);
      const privateFiles = ['key.pem.age', 'passphrase.txt.age'];
      const left = await Promise.all(privateFiles.map((name) => exists(paths.generation(generation, name))));
      if (meta.state === 'retired' && !left.includes(true)) return 'already';
      // The marker first: what is half erased must not be taken for a key.
      if (meta.state === 'live')
        await replace(paths.generation(generation, 'meta.json'), json({ ...meta, state: 'retired' }));
      await removeFiles(paths.generation(generation), privateFiles);
      return 'erased';
    },

    async putEvidence(key, generation, text) {
      const path = pathsOf(root, key).evidence(generation);
      await ensureFolder(join(path, '..'));
      if (await createOnce(path, text)) return 'created';
      return (await read.readEvidence(key, generation)) === text ? 'same' : 'other';
    },
  };
}

const notCurrent = (key: KeyId, current: number | undefined, from: number | null): KeyturnError =>
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

/** Lets `current` show what the newest promotion says, however many promotions run at once. */
async function showCurrent(paths: Paths): Promise<void> {
  for (;;) {
    const newest = await newestPromotion(paths);
    if (newest === null) return;
    const target = join('gen', digits(newest.generation, 6));
    const shown = await readlink(paths.current).catch(() => null);
    if (shown === target) return;
    await pointLink(paths.current, target);
  }
}

/** Lower-case hex SHA-256 of the SPKI DER; empty for what is no public key. */
function fingerprintOf(publicKey: string): string {
  try {
    return createHash('sha256')
      .update(createPublicKey(publicKey).export({ type: 'spki', format: 'der' }))
      .digest('hex');
  } catch {
    return '';
  }
}

async function checkAccess(root: string, permissions: 'private' | 'group'): Promise<void> {
  const { mode } = await onPath(root, () => stat(root));
  const forbidden = permissions === 'group' ? 0o007 : 0o077;
  if ((mode & forbidden) === 0) return;
  throw new KeyturnError('denied', `${root} is open to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`, {
    hint: `chmod 700 ${root}, or permissions: group where its group must have access`,
  });
}

/** Magic numbers of statfs(2). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
]);

async function checkFileSystem(root: string): Promise<void> {
  const { type } = await onPath(root, () => statfs(root));
  const name = NETWORK_FILE_SYSTEMS.get(type >>> 0);
  if (name === undefined) return;
  throw new KeyturnError('unsupported', `${root} lies on ${name}, where links are not always atomic`, {
    hint: 'put the store on a local disk, or set allowNetworkFileSystem: true after making sure that only one machine writes',
  });
}
