import { createPublicKey } from 'node:crypto';
import { KeyturnError } from '../../src/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type KeyId, MAX_RECORD_BYTES, type Material, type Store, type StoredDocument } from '../../src/ports/store.ts';
import type { Secret } from '../../src/secret.ts';
import { fingerprintOf } from '../keys.ts';

type Secrets = Pick<Material, 'privateKey' | 'passphrase'>;

/** One generation: what is secret of it is null once it is retired, the rest stays as the tombstone. */
interface Kept {
  secrets: Secrets | null;
  publicKey: string;
  fingerprint: string;
  createdAt: Date;
  apiKey?: string;
}

interface Live extends Kept {
  secrets: Secrets;
}

interface Shelf {
  record: StoredDocument | null;
  generations: Map<number, Kept>;
  evidence: Map<number, string>;
  /** Null once retired. */
  passphrases: Map<number, Secret | null>;
  current: number | null;
}

const emptyShelf = (): Shelf => ({
  record: null,
  generations: new Map(),
  evidence: new Map(),
  passphrases: new Map(),
  current: null,
});

/**
 * The contract in plain values, gone with the process; any number of workers may share one. Every call first lets the
 * others run, and what it then does to a shelf without waiting is its compare-and-swap.
 */
export function memoryStore({ clock }: { clock: Clock }): Store {
  const shelves = new Map<KeyId, Shelf>();

  async function reach(key: KeyId): Promise<Shelf> {
    await Promise.resolve();
    const shelf = shelves.get(key) ?? emptyShelf();
    shelves.set(key, shelf);
    return shelf;
  }

  return {
    capabilities: {
      erasure: 'erased',
      freshReads: true,
      recordWritesPerDay: Infinity,
      maxRecordBytes: MAX_RECORD_BYTES,
    },

    async check() {},

    passphrases: {
      async put(key, generation, passphrase) {
        const { passphrases } = await reach(key);
        const kept = passphrases.get(generation);
        if (kept === null) throw gone(key, generation);
        if (kept !== undefined) return kept.equals(passphrase) ? 'same' : 'other';
        passphrases.set(generation, passphrase);
        return 'created';
      },
      async read(key, generation) {
        const kept = (await reach(key)).passphrases.get(generation);
        if (kept === null) throw gone(key, generation);
        if (kept !== undefined) return kept;
        throw new KeyturnError('not-found', `there is no passphrase of generation ${generation} of ${key}`);
      },
      async retire(key, generation) {
        const { passphrases } = await reach(key);
        if (!passphrases.get(generation)) return 'already';
        passphrases.set(generation, null);
        return 'erased';
      },
    },

    examine: async () => [],

    tidy: async () => [],

    async close() {},

    async listKeys() {
      await Promise.resolve();
      const used = [...shelves].filter(([, { record, generations }]) => record !== null || generations.size > 0);
      return used.map(([key]) => key).sort();
    },

    async readRecord(key) {
      const { record } = await reach(key);
      return record && { ...record };
    },

    async writeRecord(key, text, expected) {
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_RECORD_BYTES) throw tooLarge(key, bytes);
      const shelf = await reach(key);
      const newest = shelf.record?.revision ?? 'absent';
      if (newest !== expected) throw conflict(`the record of ${key} is at revision ${newest}, not ${expected}`);
      const revision = (shelf.record?.revision ?? 0) + 1;
      shelf.record = { text, revision };
      return revision;
    },

    async listGenerations(key) {
      const { generations } = await reach(key);
      return [...generations.keys()].sort((a, b) => a - b);
    },

    async statMaterial(key, generation) {
      const kept = (await reach(key)).generations.get(generation);
      if (!kept) return { state: 'absent' };
      return { state: kept.secrets ? 'live' : 'retired', fingerprint: kept.fingerprint, createdAt: kept.createdAt };
    },

    async putMaterial(key, generation, { privateKey, passphrase, publicKey, fingerprint }) {
      const { generations } = await reach(key);
      const kept = generations.get(generation);
      if (kept) {
        live(key, generation, kept);
        return kept.fingerprint === fingerprint ? 'same' : 'other';
      }
      generations.set(generation, {
        secrets: { privateKey, passphrase },
        publicKey,
        fingerprint,
        createdAt: clock.now(),
      });
      return 'created';
    },

    async readMaterial(key, generation) {
      const kept = live(key, generation, (await reach(key)).generations.get(generation));
      const { secrets, publicKey, fingerprint } = kept;
      if (computeFingerprint(publicKey) !== fingerprint) throw corrupt(key, generation);
      return { ...secrets, publicKey, fingerprint };
    },

    async statCurrent(key) {
      return (await reach(key)).current;
    },

    async promote(key, { from, to, apiKey }) {
      const shelf = await reach(key);
      const kept = live(key, to, shelf.generations.get(to));
      if (shelf.current !== from && shelf.current !== to) {
        throw conflict(`the current generation of ${key} is ${shelf.current ?? 'none'}, not ${from ?? 'none'}`);
      }
      kept.apiKey ??= apiKey;
      if (kept.apiKey !== apiKey) throw otherApiKey(key, to);
      if (shelf.current === to) return 'already';
      shelf.current = to;
      return 'moved';
    },

    async withdraw(key, generation) {
      const shelf = await reach(key);
      if (shelf.current !== generation) return 'already';
      shelf.current = null;
      return 'withdrawn';
    },

    async retireMaterial(key, generation) {
      const { generations, current } = await reach(key);
      const kept = generations.get(generation);
      if (!kept) throw absent(key, generation);
      if (current === generation) throw stillCurrent(key, generation);
      if (!kept.secrets) return 'already';
      kept.secrets = null;
      return 'erased';
    },

    async readEvidence(key, generation) {
      return (await reach(key)).evidence.get(generation) ?? null;
    },

    async putEvidence(key, generation, text) {
      const { evidence } = await reach(key);
      const kept = evidence.get(generation);
      if (kept !== undefined) return kept === text ? 'same' : 'other';
      evidence.set(generation, text);
      return 'created';
    },
  };
}

/** Throws `not-found` or `gone` where there is no private half. */
function live(key: KeyId, generation: number, kept: Kept | undefined): Live {
  if (!kept) throw absent(key, generation);
  if (isLive(kept)) return kept;
  throw gone(key, generation);
}

const gone = (key: KeyId, generation: number) =>
  new KeyturnError('gone', `generation ${generation} of ${key} was destroyed`, {
    hint: 'generate another one: numbers are not used twice',
  });

const isLive = (kept: Kept): kept is Live => kept.secrets !== null;

function computeFingerprint(publicKey: string): string | null {
  try {
    return fingerprintOf(createPublicKey(publicKey));
  } catch {
    return null;
  }
}

const conflict = (message: string) => new KeyturnError('conflict', message, { hint: 'read again and decide again' });

const absent = (key: KeyId, generation: number) =>
  new KeyturnError('not-found', `there is no generation ${generation} of ${key}`, {
    hint: 'look at its record for the generations there are',
  });

const corrupt = (key: KeyId, generation: number) =>
  new KeyturnError('corrupt', `the public key of generation ${generation} of ${key} does not have its fingerprint`, {
    hint: 'do not use this generation; rotate the key',
  });

const stillCurrent = (key: KeyId, generation: number) =>
  new KeyturnError('refused', `generation ${generation} of ${key} is what consumers read, so it is not destroyed`, {
    hint: 'promote another one first',
  });

const otherApiKey = (key: KeyId, generation: number) =>
  new KeyturnError('refused', `generation ${generation} of ${key} stands beside another key id already`, {
    hint: 'generate another one: a key id is not replaced once consumers could read it',
  });

const tooLarge = (key: KeyId, bytes: number) =>
  new KeyturnError('quota', `the record of ${key} has ${bytes} bytes; the store takes ${MAX_RECORD_BYTES}`, {
    hint: 'shorten what the record holds, the notes of its evidence first',
  });
