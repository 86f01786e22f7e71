import pLimit from 'p-limit';
import * as z from 'zod/mini';
import {
  type KeyId,
  MAX_RECORD_BYTES,
  type MaterialState,
  type StoreCapabilities,
  type StoreReader,
} from '../../../src/ports/store.ts';
import { Current, contentsOrNull, corrupt, Public, Text, Withdrawn } from './documents.ts';
import type { Kv } from './kv.ts';
import { folderOf, isName, pathOf } from './paths.ts';

const LISTED_AT_ONCE = 16;

const capabilities: StoreCapabilities = {
  erasure: 'erased',
  // Standby nodes may answer reads, and lag.
  freshReads: false,
  recordWritesPerDay: Number.POSITIVE_INFINITY,
  maxRecordBytes: MAX_RECORD_BYTES,
};

/** Reading, without private halves; only `statCurrent` reads a document that holds one, which planners have no right to. */
export function readerOver(kv: Kv): Omit<StoreReader, 'examine' | 'close'> {
  return {
    capabilities,

    async listKeys() {
      const folders = async (path: string) =>
        (await kv.list(path, 'list the keys')).flatMap((name) =>
          name.endsWith('/') && isName(name.slice(0, -1)) ? [name.slice(0, -1)] : [],
        );
      const keys = await pLimit(LISTED_AT_ONCE).map(await folders(''), async (account) =>
        (await folders(`${account}/`)).map((name) => `${account}/${name}`),
      );
      return keys.flat().sort();
    },

    async readRecord(key) {
      const version = await kv.read(pathOf(key, 'record'), `read the record of ${key}`);
      const text = contentsOrNull(Text, version, `the record of ${key}`);
      return text && version.state === 'there' ? { text: text.doc, revision: version.version } : null;
    },

    async listGenerations(key) {
      const names = await kv.list(`${folderOf(key)}/gen/`, `list the generations of ${key}`);
      return names
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .sort((a, b) => a - b);
    },

    async statMaterial(key, generation) {
      const [state, shown] = await Promise.all([pairState(kv, key, generation), readPublic(kv, key, generation)]);
      return state.state === 'absent' || shown === null ? state : { ...state, fingerprint: shown.fingerprint };
    },

    statCurrent: async (key) => (await readCurrent(kv, key)).document?.generation ?? null,

    readEvidence: async (key, generation) => (await readEvidence(kv, key, generation))?.doc ?? null,
  };
}

/** What metadata says of a pair. */
async function pairState(kv: Kv, key: KeyId, generation: number): Promise<MaterialState> {
  const versions = await kv.stat(pathOf(key, 'gen', generation), `look at generation ${generation} of ${key}`);
  if (versions === null) return { state: 'absent' };
  const first = versions.states.get(1);
  if (first === undefined) throw corrupt(`generation ${generation} of ${key} was written over by somebody`);
  // What was deleted by hand can be brought back, so its private half is not gone yet.
  return { state: first.state === 'destroyed' ? 'retired' : 'live', createdAt: first.createdAt };
}

const readPublic = async (kv: Kv, key: KeyId, generation: number) =>
  contentsOrNull(
    Public,
    await kv.read(pathOf(key, 'public', generation), `read the public half of generation ${generation} of ${key}`),
    `the public half of generation ${generation} of ${key}`,
  );

/** What consumers read, and the version it is. */
export async function readCurrent(kv: Kv, key: KeyId): Promise<{ document: Current | null; version: number }> {
  const found = await kv.read(pathOf(key, 'current'), `read what is current of ${key}`);
  const shown = contentsOrNull(z.union([Current, Withdrawn]), found, `what is current of ${key}`);
  const document = shown === null || 'withdrawn' in shown ? null : shown;
  return { document, version: found.state === 'there' ? found.version : 0 };
}

const readEvidence = async (kv: Kv, key: KeyId, generation: number) =>
  contentsOrNull(
    Text,
    await kv.read(pathOf(key, 'evidence', generation), `read the evidence of generation ${generation} of ${key}`),
    `the evidence of generation ${generation} of ${key}`,
  );
