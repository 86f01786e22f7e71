import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type Action, type Attempt, type Decision, decide } from './core/decide.ts';
import { forMany } from './core/for-many.ts';
import { type Gathered, type Plan, planOf } from './core/plan.ts';
import type { Key, KeyId } from './core/policy.ts';
import { KeyRecord } from './core/record.ts';
import { isKeyturnError, type KeyturnError } from './errors.ts';
import { gather, type Sources } from './gather.ts';
import type { Clock } from './ports/clock.ts';
import type { StepResult } from './steps/step.ts';

/** One pass: look at every key, decide, act, and decide again until each key waits. The same for command, CronJob and daemon. */

/** Keys looked at, and acted on, at the same time. */
const KEYS_AT_ONCE = 16;
/** Keys whose records are asked for before the first of them is decided, so that a slow answer keeps few others waiting. */
const KEYS_AHEAD = 2 * KEYS_AT_ONCE;
/** Times a key is looked at anew after somebody else got in between. */
const TRIES_AFTER_CONFLICT = 3;
/** More steps than any life of a key has in one pass; beyond it, decisions and steps do not fit together. */
const MAX_STEPS = 24;

export interface PassDependencies {
  sources: Sources;
  clock: Clock;
  act: (gathered: Gathered, action: Action, generation: number) => Promise<StepResult>;
  /** Stops the pass between two steps. */
  signal?: AbortSignal | undefined;
  onStep?: (key: KeyId, step: StepDone) => void;
}

export interface StepDone extends StepResult {
  action: Action;
}

/** What became of one key in a pass. */
export interface KeyReport {
  key: KeyId;
  actions: StepDone[];
  error: KeyturnError | null;
  /** Where it stands afterwards. */
  decision: Decision;
  gathered: Gathered;
}

/** What every key is like, and what that means, from one look. */
export interface Looked {
  plan: Plan;
  gathered: Gathered[];
}

export async function look(sources: Sources, keys: readonly Key[], now: Date): Promise<Looked> {
  const all: Looked = { plan: { at: now, keys: [] }, gathered: [] };
  for await (const { plan, gathered } of lookByAccount(sources, keys, now)) {
    all.plan.keys.push(...plan.keys);
    all.gathered.push(...gathered);
  }
  return all;
}

/**
 * The same for whoever needs no record after its decision: memory stays flat however many keys there are. An account at a time,
 * since its keys share its room.
 */
export async function* lookByAccount(sources: Sources, keys: readonly Key[], now: Date): AsyncGenerator<Looked> {
  const limit = pLimit(KEYS_AT_ONCE);
  const schema = await forMany(KeyRecord, keys.length);
  const ahead: Promise<Gathered[]>[] = [];
  let keysAhead = 0;
  for (const account of accountsOf(keys)) {
    ahead.push(limit.map(account, (key) => gather(sources, key, now, schema)));
    keysAhead += account.length;
    while (keysAhead >= KEYS_AHEAD) {
      const gathered = (await ahead.shift()) ?? [];
      keysAhead -= gathered.length;
      yield looked(gathered, now);
    }
  }
  for (const gathered of ahead) yield looked(await gathered, now);
}

const looked = (gathered: Gathered[], now: Date): Looked => ({ plan: planOf(gathered, now), gathered });

function accountsOf(keys: readonly Key[]): Iterable<Key[]> {
  const accounts = new Map<string, Key[]>();
  for (const key of keys) {
    const account = accounts.get(key.account);
    if (account) account.push(key);
    else accounts.set(key.account, [key]);
  }
  return accounts.values();
}

export interface PassOptions {
  /** Acts only on keys this one says yes to; all are looked at, since they share their accounts’ room. */
  includes?: (decision: Decision) => boolean;
  /** Of those, acts only on keys this one says yes to; how the others stand is reported all the same. */
  mayAct?: (decision: Decision) => boolean;
  /** Carries out the planned action of each key and nothing that would follow from it. */
  onlyPlanned?: boolean;
  /** What keeps this key from being acted on at all; null where nothing does. */
  obstacle?: (key: Key) => KeyturnError | null;
}

export async function pass(
  dependencies: PassDependencies,
  { plan, gathered }: Looked,
  options: PassOptions = {},
): Promise<KeyReport[]> {
  const limit = pLimit(KEYS_AT_ONCE);
  const included = gathered.flatMap((each, index) => {
    const decision = plan.keys[index];
    return decision && (options.includes?.(decision) ?? true) ? [{ each, decision }] : [];
  });
  // A plan carried out exactly is not decided anew after a conflict either.
  const limits = options.onlyPlanned ? { steps: 1, tries: 1 } : { steps: MAX_STEPS, tries: TRIES_AFTER_CONFLICT };
  return limit.map(included, async ({ each, decision }) => {
    const obstacle = isActing(decision) ? (options.obstacle?.(each.key) ?? null) : null;
    if (obstacle || !(options.mayAct?.(decision) ?? true))
      return { key: each.key.id, actions: [], error: obstacle, decision, gathered: each };
    return turn(dependencies, each, decision, limits);
  });
}

/** Takes one key as far as it gets in this pass. What one key meets with disturbs no other. */
async function turn(
  dependencies: PassDependencies,
  found: Gathered,
  planned: Decision,
  { steps, tries }: { steps: number; tries: number },
): Promise<KeyReport> {
  const { sources, clock, signal } = dependencies;
  const { key } = found;
  const room = planned.reason !== 'venue-limit';
  const actions: StepDone[] = [];
  const attempts: Attempt[] = [];
  let gathered = found;
  let decision = planned;
  let error: KeyturnError | null = null;
  for (let conflicts = 0; isActing(decision) && error === null && actions.length < steps && !signal?.aborted; ) {
    const step = await stepOrError(dependencies, gathered, decision);
    if (!isKeyturnError(step)) {
      actions.push(step);
      if (step.outcome !== 'done') attempts.push({ ...step, generation: decision.generation });
    } else if (step.code === 'conflict' && ++conflicts < tries) {
      await sleep(backOff(conflicts));
    } else {
      error = step;
    }
    gathered = unlessVanished(gathered, await gather(sources, key, clock.now()));
    decision = decide({ ...gathered, room, attempts });
  }
  if (actions.length === MAX_STEPS) throw new Error(`${key.id} does not come to rest: ${decision.reason}`);
  return { key: key.id, actions, error, decision, gathered };
}

/** A record that was there a moment ago does not make a new key of its key by being gone. */
function unlessVanished({ record }: Gathered, now: Gathered): Gathered {
  if (record === null || now.record !== null || now.hold !== null) return now;
  const message = `the record of ${record.key} has vanished from store ${now.key.store} in the middle of this run, so nothing more is done; bring the store back as it was, or restore it from a backup`;
  return { ...now, hold: { reason: 'record-lost', message } };
}

type Acting = Decision & { action: Action; generation: number };

const isActing = (decision: Decision): decision is Acting => decision.action !== null && decision.generation !== null;

async function stepOrError(
  { act, onStep }: PassDependencies,
  gathered: Gathered,
  { action, generation }: Acting,
): Promise<StepDone | KeyturnError> {
  try {
    const step = { action, ...(await act(gathered, action, generation)) };
    onStep?.(gathered.key.id, step);
    return step;
  } catch (error) {
    if (isKeyturnError(error)) return error;
    throw error;
  }
}

/** Full jitter, so that workers that met once do not meet again. */
const backOff = (conflicts: number): number => Math.random() * 100 * 2 ** conflicts;
