import { isClaimed } from '../core/facts.ts';
import {
  emptyRecord,
  type Generation,
  hasPrivateHalf,
  type KeyRecord,
  type RecordDraft,
  rolesOf,
  storedCurrent,
} from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import type { KeyId, Material, Store } from '../ports/store.ts';
import { readRecord } from '../records.ts';
import { materialOf, notedOnNewest, save, type Tools } from './step.ts';

const ROOM_FOR_REVISION = 256;

/**
 * Carries a key that left its policy over to another name of the same account and store: generations, public halves, key ids,
 * baselines, evidence and open tasks go on there. The new name is taken first, then the old one is held, then copies are made,
 * and at last the new record is whole; stopped in between, neither name is acted on, and running again ends it. What lies under
 * the old name stays readable until its generation is destroyed, so applications have time to read the new one.
 */
export async function carryOver(tools: Tools, from: KeyId): Promise<'carried' | 'already'> {
  const { key, store } = tools;
  const to = key.storedAs;
  const [old, own] = [await readRecord(store, from), await readRecord(store, to)];
  if (old === null) throw refused(from, to, 'there is no record of it');
  if (old.movedTo !== undefined && old.movedTo !== to) {
    // Two names were to go on with it at the same time; this one is free again.
    if (own?.arrivesFrom === from) await save(tools, own, emptyRecord(to));
    throw refused(from, to, `it went to ${old.movedTo} already`);
  }
  if (old.movedTo === to && own && own.arrivesFrom === undefined) return 'already';
  await assertPlace(store, from, to, own);
  await assertAtRest(tools, old, to);
  const pairs = await pairsOf(tools, old);
  assertFits(store, arrived(tools, old));
  const isTaken = own?.arrivesFrom === from;
  const place = isTaken ? own : await save(tools, own, { ...emptyRecord(to), arrivesFrom: from });
  const leaving = old.movedTo === to ? old : await save(tools, old, { ...old, movedTo: to });
  await copyEvidence(store, leaving, to);
  for (const [generation, pair] of pairs) await copyPair(store, to, generation, pair);
  await show(store, leaving, to);
  await save(tools, place, arrived(tools, leaving));
  return 'carried';
}

/** Nothing may be under the new name but what an earlier run left half done. */
async function assertPlace(store: Store, from: KeyId, to: KeyId, own: KeyRecord | null): Promise<void> {
  if (own?.arrivesFrom === from) return;
  if (own?.arrivesFrom !== undefined)
    throw refused(from, to, `${own.arrivesFrom} is being carried over to it`, {
      hint: `keyturn adopt ${to} --from ${own.arrivesFrom} ends that`,
    });
  const generations = await store.listGenerations(to);
  const last = own?.last || generations.at(-1);
  if (last === undefined) return;
  throw refused(from, to, `${to} has ${own ? 'a record' : 'material'} of its own, up to generation ${last}`, {
    hint: `take a name that is new to the store, or let the policy say formerly: ${from.split('/')[1]}`,
  });
}

/** A step in the middle could still write under the old name; and what record and store disagree on is not spread. */
async function assertAtRest({ store, clock, claim }: Tools, old: KeyRecord, to: KeyId): Promise<void> {
  const { key: from, intent, last } = old;
  const wait = { hint: `bring ${from} back into its policy and run keyturn apply, then carry it over` };
  if (intent)
    throw refused(from, to, `a run stopped while it was to ${intent.action} generation ${intent.generation}`, wait);
  if (isClaimed(old, new Date(clock.now().getTime() - claim.margin * 1000)))
    throw refused(from, to, `${old.claim?.by} is in the middle of a step`, { hint: 'run again when it has ended' });
  const [shown, newest] = [await store.statCurrent(from), (await store.listGenerations(from)).at(-1) ?? 0];
  const restore = { hint: 'restore record and store from the same backup first' };
  if (newest > last)
    throw refused(from, to, `the store has generation ${newest}, its record ends with ${last}`, restore);
  if (shown === storedCurrent(old)) return;
  const read = shown === null ? 'nothing' : `generation ${shown}`;
  throw refused(from, to, `applications read ${read}, its record says generation ${old.current ?? 'none'}`, restore);
}

/** All of them are read before anything is written: one that does not open is found out in time. */
async function pairsOf(tools: Tools, { key, generations }: KeyRecord): Promise<Map<number, Material>> {
  const pairs = new Map<number, Material>();
  for (const each of generations.filter(hasPrivateHalf)) pairs.set(each.generation, await materialOf(tools, each, key));
  return pairs;
}

/** With room for what is added as it is written: a record that is refused at the end would leave both names held. */
function assertFits({ capabilities }: Store, draft: RecordDraft): void {
  if (Buffer.byteLength(JSON.stringify(draft)) + ROOM_FOR_REVISION <= capabilities.maxRecordBytes) return;
  throw new KeyturnError(
    'quota',
    `the record of ${draft.key} would be larger than ${capabilities.maxRecordBytes} bytes`,
    {
      hint: 'bring the key back into its policy, and prove and destroy its previous generations first',
    },
  );
}

async function copyPair(store: Store, to: KeyId, generation: number, pair: Material): Promise<void> {
  if ((await store.putMaterial(to, generation, pair)) === 'other') throw taken(to, `another generation ${generation}`);
}

/** The documents keep the old name in them: each is named by its hash. */
async function copyEvidence(store: Store, { key, last, generations }: KeyRecord, to: KeyId): Promise<void> {
  const live = new Set(generations.map(({ generation }) => generation));
  for (let generation = 1; generation <= last; generation++) {
    if (live.has(generation)) continue;
    const text = await store.readEvidence(key, generation);
    if (text !== null && (await store.putEvidence(to, generation, text)) === 'other')
      throw taken(to, `other evidence of generation ${generation}`);
  }
}

/** Applications read what they read before, with the one before it during the overlap. */
async function show(store: Store, leaving: KeyRecord, to: KeyId): Promise<void> {
  const { current, previous } = rolesOf(leaving);
  const inOverlap = previous.filter(({ at }) => at.superseded && !at.deletionAsked).slice(-1);
  const moves = [...inOverlap, ...(current ? [current] : [])].filter(hasPrivateHalf);
  let shown = await store.statCurrent(to);
  for (const { generation, apiKey = '' } of moves.slice(moves.findIndex((each) => each.generation === shown) + 1)) {
    await store.promote(to, { from: shown, to: generation, apiKey });
    shown = generation;
  }
}

function arrived(tools: Tools, { movedTo: _held, claim: _over, ...leaving }: KeyRecord): RecordDraft {
  const { key: from } = leaving;
  const to = tools.key.storedAs;
  const generations = leaving.generations.map(
    (each): Generation => ({ ...each, formerly: [...(each.formerly ?? []), from] }),
  );
  return notedOnNewest(tools, { ...leaving, key: to, generations }, 'carried-over', { from, to });
}

const refused = (from: KeyId, to: KeyId, why: string, details: { hint?: string } = {}): KeyturnError =>
  new KeyturnError('refused', `${from} is not carried over to ${to}: ${why}`, details);

const taken = (to: KeyId, what: string): KeyturnError =>
  new KeyturnError('conflict', `the store has ${what} under ${to} already`, {
    hint: 'find out who put it there; nothing was changed under the old name',
  });
