import type { VenueCapabilities } from './capabilities.ts';
import { ACTION_CHECKS, HOLD_CHECKS, START_CHECKS } from './checks.ts';
import { dueOf } from './due.ts';
import { startOf } from './facts.ts';
import type { Key, KeyId } from './policy.ts';
import type { ProofRule } from './proof.ts';
import type { Reason } from './reasons.ts';
import { type KeyRecord, type Roles, rolesOf } from './record.ts';
import { WAIT_CHECKS } from './waits.ts';

/** What keyturn can do for a key, in the order of its life. */
export const ACTIONS = ['generate', 'register', 'verify', 'promote', 'revoke', 'prove', 'destroy'] as const;
export type Action = (typeof ACTIONS)[number];

/** What came of an action in this pass, so that none is tried twice in it. */
export interface Attempt {
  action: Action;
  generation: number;
  reason: Reason;
  message: string;
}

/** What gathering found instead of a record it may act on. */
export interface Hold {
  reason: 'record-unreadable' | 'record-lost' | 'moved-store' | 'carried-over' | 'carry-over-unfinished';
  message: string;
}

/** Everything a decision may depend on. */
export interface Snapshot {
  key: Key;
  capabilities: VenueCapabilities;
  /** Null: the store has nothing of this key. */
  record: KeyRecord | null;
  hold: Hold | null;
  now: Date;
  /** Seconds after its end in which another worker’s claim is still respected. */
  claimMargin: number;
  proof: ProofRule;
  /** Whether the venue has room for one more key on this account. */
  room: boolean;
  attempts: readonly Attempt[];
}

/** The one next thing to do for a key, and why; action null means: nothing now. */
export interface Decision {
  key: KeyId;
  action: Action | null;
  reason: Reason;
  message: string;
  /** Until when the current generation should be replaced. */
  due: Date;
  /** Earliest instant of what comes next, where that is known. */
  notBefore: Date | null;
  generation: number | null;
}

/** A snapshot whose record is there and may be acted on. */
export interface Situation extends Snapshot, Roles {
  record: KeyRecord;
  due: Date;
  /** From when on its next rotation may start. */
  start: Date;
}

/** What a check says when it speaks. */
export interface Conclusion {
  action: Action | null;
  reason: Reason;
  message: string;
  notBefore?: Date | null;
  generation?: number | null;
}

export type Check<S> = (situation: S) => Conclusion | null;

/**
 * The first check that speaks decides. Order is meaning: holds, then effects from the end of a life to its start, but for
 * what is dead, which is destroyed last, then waits.
 */
export function decide(snapshot: Snapshot): Decision {
  const due = dueOf(snapshot);
  const { action, reason, message, notBefore = null, generation = null } = speak(snapshot, due);
  return { key: snapshot.key.id, action, reason, message, due, notBefore, generation };
}

function speak(snapshot: Snapshot, due: Date): Conclusion {
  const held = first(HOLD_CHECKS, snapshot);
  if (held) return held;
  const { record } = snapshot;
  if (record === null) return first(START_CHECKS, snapshot) ?? unreachable();
  const situation = situationOf(snapshot, record, due);
  return first(ACTION_CHECKS, situation) ?? first(WAIT_CHECKS, situation) ?? unreachable();
}

export const situationOf = (snapshot: Snapshot, record: KeyRecord, due: Date): Situation => ({
  ...snapshot,
  ...rolesOf(record),
  record,
  due,
  start: startOf({ key: snapshot.key, now: snapshot.now, record, due }),
});

function first<S>(checks: readonly Check<S>[], situation: S): Conclusion | null {
  for (const check of checks) {
    const finding = check(situation);
    if (finding) return finding;
  }
  return null;
}

function unreachable(): never {
  throw new Error('the last check of every chain speaks');
}
