import { createPublicKey } from 'node:crypto';
import { fingerprintOf } from '../../providers/keys.ts';
import { documentHash, firstBrokenLink } from '../../src/core/evidence.ts';
import type { Key } from '../../src/core/policy.ts';
import { type Generation, type KeyRecord, rolesOf } from '../../src/core/record.ts';
import { MAX_RECORD_BYTES } from '../../src/ports/store.ts';
import type { ListedKey } from './moody-venue.ts';
import type { World } from './world.ts';

/** What holds after every deed, whatever happened before. */

/** What was seen of one key before, for what may never change or only grow. */
interface Memory {
  last: number;
  fingerprints: Map<number, string>;
  deletionAsked: Set<number>;
  provenDead: Set<number>;
}

/** Returns a check to be made after each deed; it throws, naming what does not hold. */
export function watcher(world: World): () => Promise<void> {
  const memories = new Map<string, Memory>();
  return async () => {
    const listed = await world.venue.list();
    for (const key of world.keys) {
      const record = await world.record(key);
      if (record === null) continue;
      const memory = memories.get(key.id) ?? {
        last: 0,
        fingerprints: new Map(),
        deletionAsked: new Set(),
        provenDead: new Set(),
      };
      memories.set(key.id, memory);
      const broken = [
        ...numbers(record, memory),
        ...(await material(world, key, record)),
        ...proofs(world, record, listed, memory),
        ...deletions(record, listed, memory),
        ...(await documents(world, key, record)),
        ...(await tasks(world, key)),
      ];
      if (broken.length > 0) throw new Error(`${key.id}: ${broken.join('; ')}`);
    }
  };
}

/** Numbers and the pairs behind them are given once. */
function numbers({ generations, last, current, next }: KeyRecord, memory: Memory): string[] {
  const broken: string[] = [];
  if (last < memory.last) broken.push(`last went back from ${memory.last} to ${last}`);
  memory.last = last;
  if (generations.some(({ generation }) => generation > last)) broken.push('a generation is beyond last');
  if (new Set(generations.map(({ generation }) => generation)).size < generations.length)
    broken.push('a number stands twice');
  if (current !== null && current === next) broken.push('current is next');
  for (const role of [current, next]) {
    if (role !== null && !generations.some(({ generation }) => generation === role))
      broken.push(`role ${role} names nothing`);
  }
  for (const { generation, fingerprint } of generations) {
    if (fingerprint === undefined) continue;
    const known = memory.fingerprints.get(generation) ?? fingerprint;
    if (known !== fingerprint) broken.push(`generation ${generation} became another pair`);
    memory.fingerprints.set(generation, fingerprint);
  }
  return broken;
}

/** Private halves are there until their keys are proven dead, and consumers can read what is current. */
async function material({ store }: World, { storedAs }: Key, record: KeyRecord): Promise<string[]> {
  const broken: string[] = [];
  for (const { generation, at, fingerprint } of record.generations) {
    if (!at.stored || at.provenDead || (!at.asked && generation !== record.next)) continue;
    const { publicKey } = await store.readMaterial(storedAs, generation);
    if (fingerprintOf(createPublicKey(publicKey)) !== fingerprint)
      broken.push(`generation ${generation} holds another pair`);
  }
  const pointer = await store.statCurrent(storedAs);
  const isMoving = record.intent?.action === 'promote' && pointer === record.intent.generation;
  if (pointer !== record.current && !isMoving)
    broken.push(`consumers read ${pointer}, the record says ${record.current}`);
  if (pointer !== null) await store.readMaterial(storedAs, pointer);
  return broken;
}

/** No proof of death of a key that the venue keeps, finished generations included. One flicker in one pass is no excuse. */
function proofs(
  { denials }: World,
  { generations, history }: KeyRecord,
  listed: readonly ListedKey[],
  memory: Memory,
): string[] {
  const dead = [...generations.filter(({ at }) => at.provenDead), ...history.filter(({ provenDead }) => provenDead)];
  return dead.flatMap(({ generation, fingerprint }) => {
    if (memory.provenDead.has(generation)) return [];
    memory.provenDead.add(generation);
    const kept = listed.find((each) => each.fingerprint === fingerprint);
    return kept && (denials.get(kept.apiKey) ?? 0) < 2 ? [`generation ${generation} is said to be dead and lives`] : [];
  });
}

/** At the moment somebody is asked to delete a key that did not leak, another one works. */
function deletions(record: KeyRecord, listed: readonly ListedKey[], memory: Memory): string[] {
  const works = ({ apiKey, fingerprint }: Generation) =>
    listed.some((each) => each.apiKey === apiKey && each.fingerprint === fingerprint && each.enableReading);
  return record.generations.flatMap(({ generation, compromised, at }) => {
    if (!at.deletionAsked || memory.deletionAsked.has(generation)) return [];
    memory.deletionAsked.add(generation);
    const { current } = rolesOf(record);
    const mayGo =
      compromised !== undefined || (current !== null && current.generation !== generation && works(current));
    return mayGo ? [] : [`deletion of generation ${generation} is asked for and nothing takes over`];
  });
}

/** The record is small, and its evidence and that of finished generations hang together. */
async function documents({ store }: World, { storedAs }: Key, record: KeyRecord): Promise<string[]> {
  const broken: string[] = [];
  const bytes = Buffer.byteLength((await store.readRecord(storedAs))?.text ?? '');
  // More than one leak upon the other takes more; the store must still have room for it.
  const most = record.generations.length > 3 ? MAX_RECORD_BYTES : MAX_RECORD_BYTES / 2;
  if (bytes > most) broken.push(`the record has ${bytes} bytes`);
  for (const { generation, evidence } of record.generations) {
    if (firstBrokenLink(storedAs, generation, evidence) !== null) broken.push(`the evidence of ${generation} is torn`);
  }
  for (const { generation, evidence } of record.history) {
    const text = (await store.readEvidence(storedAs, generation)) ?? '';
    if (documentHash(text) !== evidence) broken.push(`the document of generation ${generation} is another one`);
    else if (firstBrokenLink(storedAs, generation, JSON.parse(text).entries) !== null)
      broken.push(`the document of generation ${generation} is torn`);
  }
  return broken;
}

/** One open task a generation and kind. */
async function tasks(world: World, key: Key): Promise<string[]> {
  const open = (await world.tasks(key)).map(({ kind, generation }) => `${kind} ${generation}`);
  return open.filter((each, index) => open.indexOf(each) < index).map((each) => `the task ${each} is open twice`);
}
