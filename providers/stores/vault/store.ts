import { setTimeout as sleep } from 'node:timers/promises';
import { isKeyturnError, KeyturnError } from '../../../src/errors.ts';
import { type KeyId, MAX_RECORD_BYTES, type Material, type Store } from '../../../src/ports/store.ts';
import { fingerprintOf } from '../../keys.ts';
import { ApiKey, contentsOrNull, corrupt, materialIn, pairFields } from './documents.ts';
import type { Kv } from './kv.ts';
import { passphraseShelf } from './passphrases.ts';
import { pathOf } from './paths.ts';
import { readCurrent, readerOver } from './reader.ts';

/** The writing half. Every write is create-once or compare-and-swap; what is destroyed is read back until it is. */
export function storeOver(kv: Kv): Omit<Store, 'check' | 'examine' | 'close'> {
  const reader = readerOver(kv);
  const nameOf = (key: KeyId, generation: number) => `generation ${generation} of ${key}`;

  async function readMaterial(key: KeyId, generation: number): Promise<Material> {
    const name = nameOf(key, generation);
    const version = await kv.read(pathOf(key, 'gen', generation), `read ${name}`, 1);
    if (version.state === 'absent') throw notThere(name);
    if (version.state === 'destroyed') throw gone(name);
    if (version.state === 'deleted') throw corrupt(`${name} was deleted by somebody, not by keyturn`);
    const material = materialIn(version, name);
    if (fingerprintOf(material.publicKey) !== material.fingerprint)
      throw corrupt(`the public half of ${name} does not have its fingerprint`);
    return material;
  }

  /** Made of what is stored, so that whoever comes first writes the same. */
  async function show(key: KeyId, generation: number, { publicKey, fingerprint }: Material): Promise<void> {
    const about = `write the public half of ${nameOf(key, generation)}`;
    await kv.create(pathOf(key, 'public', generation), { publicKey, fingerprint }, about);
  }

  /** As the reader, and completes what a stop between pair and public half left. */
  async function statMaterial(key: KeyId, generation: number) {
    const found = await reader.statMaterial(key, generation);
    if (found.state !== 'live' || found.fingerprint !== undefined) return found;
    const material = await readMaterial(key, generation);
    await show(key, generation, material);
    return { ...found, fingerprint: material.fingerprint };
  }

  async function putApiKey(key: KeyId, generation: number, apiKey: string): Promise<void> {
    const [path, name] = [pathOf(key, 'api-key', generation), `the key id of ${nameOf(key, generation)}`];
    if ((await kv.create(path, { apiKey }, `write ${name}`)) === 'created') return;
    const stored = contentsOrNull(ApiKey, await kv.read(path, `read ${name}`), name);
    if (stored?.apiKey === apiKey) return;
    throw new KeyturnError('refused', `another key id is stored beside ${nameOf(key, generation)} already`, {
      hint: `look at ${path} in Vault; it is never overwritten`,
    });
  }

  async function moveCurrent(key: KeyId, { from, to, apiKey }: Parameters<Store['promote']>[1]) {
    const { document, version } = await readCurrent(kv, key);
    const now = document?.generation ?? null;
    if (now !== to && now !== from) throw notCurrent(key, now, from);
    await putApiKey(key, to, apiKey);
    if (now === to) return 'already';
    const previous = document && { generation: document.generation, fingerprint: document.fingerprint };
    const next = { apiKey, ...pairFields(await readMaterial(key, to)), generation: to, previous };
    await kv.write(pathOf(key, 'current'), next, version, `promote ${nameOf(key, to)}`);
    return 'moved';
  }

  return {
    ...reader,
    passphrases: passphraseShelf(kv, erase),
    statMaterial,
    readMaterial,

    async writeRecord(key, text, expected) {
      if (Buffer.byteLength(text) > MAX_RECORD_BYTES)
        throw new KeyturnError('quota', `the record of ${key} would be larger than ${MAX_RECORD_BYTES} bytes`, {
          hint: 'prove and destroy its previous generations first',
        });
      const before = expected === 'absent' ? 0 : expected;
      return kv.write(pathOf(key, 'record'), { doc: text }, before, `write the record of ${key}`);
    },

    async putMaterial(key, generation, material) {
      const name = nameOf(key, generation);
      const created = await kv.create(pathOf(key, 'gen', generation), pairFields(material), `store ${name}`);
      if (created === 'created') {
        await show(key, generation, material);
        return 'created';
      }
      const { state, fingerprint } = await statMaterial(key, generation);
      if (state === 'retired') throw gone(name);
      return fingerprint === material.fingerprint ? 'same' : 'other';
    },

    async promote(key, move) {
      const { state } = await statMaterial(key, move.to);
      if (state === 'absent') throw notThere(nameOf(key, move.to));
      if (state === 'retired') throw gone(nameOf(key, move.to));
      return moveCurrent(key, move).catch((error) => {
        // Somebody else moved it, or we did and the answer was lost, or what we read was old.
        if (isKeyturnError(error, 'conflict')) return moveCurrent(key, move);
        throw error;
      });
    },

    async withdraw(key, generation) {
      const { document, version } = await readCurrent(kv, key);
      if (document?.generation !== generation) return 'already';
      await kv.write(pathOf(key, 'current'), { withdrawn: true }, version, `withdraw ${nameOf(key, generation)}`);
      return 'withdrawn';
    },

    async retireMaterial(key, generation) {
      const name = nameOf(key, generation);
      const { document, version } = await readCurrent(kv, key);
      if (document?.generation === generation)
        throw new KeyturnError('refused', `${name} is what consumers read, it is not destroyed`, {
          hint: 'promote another one first',
        });
      const { state } = await statMaterial(key, generation);
      if (state === 'absent') throw notThere(name);
      if (state === 'retired') return 'already';
      // Copies first: once the pair itself is destroyed, nobody looks for them any more.
      await erase(kv, pathOf(key, 'current'), version - 1, `destroy what was current of ${key}`);
      await erase(kv, pathOf(key, 'gen', generation), 1, `destroy ${name}`);
      return 'erased';
    },

    async putEvidence(key, generation, text) {
      const about = `write the evidence of ${nameOf(key, generation)}`;
      if ((await kv.create(pathOf(key, 'evidence', generation), { doc: text }, about)) === 'created') return 'created';
      return (await reader.readEvidence(key, generation)) === text ? 'same' : 'other';
    },

    // What a stop leaves half done is completed by whoever looks at it or repeats it.
    tidy: async () => [],
  };
}

const LOOKS = 5;
const FIRST_PAUSE_MS = 50;

/**
 * Destroys versions 1 to `last`. An engine says yes to destroying what it does not know, and so may a node that lags behind:
 * only what is read back counts, from a node that has seen all of them.
 */
async function erase(kv: Kv, path: string, last: number, about: string): Promise<void> {
  if (last < 1) return;
  for (let looks = 1; looks <= LOOKS; looks += 1) {
    const found = await kv.stat(path, about);
    const left = [...(found?.states ?? [])].flatMap(([number, { state }]) =>
      number <= last && state !== 'destroyed' ? [number] : [],
    );
    if (found && found.newest >= last && left.length === 0) return;
    if (left.length > 0) await kv.destroy(path, left, about);
    if (looks > 1) await sleep(FIRST_PAUSE_MS * 2 ** looks);
  }
  throw new KeyturnError('unavailable', `Vault did not ${about}: it said so, but the value is still there`, {
    hint: 'run again; let address name the service of the active node',
    ambiguous: true,
  });
}

const notThere = (name: string): KeyturnError =>
  new KeyturnError('not-found', `Vault has no ${name}`, {
    hint: 'restore the store from a snapshot; what others deleted is not made again',
  });

const gone = (name: string): KeyturnError =>
  new KeyturnError('gone', `${name} was destroyed`, {
    hint: 'it is never made again; keyturn rotate asks for a new one',
  });

const notCurrent = (key: KeyId, current: number | null, from: number | null): KeyturnError =>
  new KeyturnError('conflict', `current of ${key} is generation ${current ?? 'none'}, not ${from ?? 'none'}`, {
    hint: 'run again',
  });
