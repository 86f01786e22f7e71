import type { Action, Attempt, Check, Conclusion, Situation, Snapshot } from './decide.ts';
import { lateFrom, requestedAt } from './due.ts';
import { DAY } from './duration.ts';
import { later } from './instant.ts';
import type { Reason } from './reasons.ts';
import { type Generation, isClosed, type KeyRecord } from './record.ts';
import { mayAct, nextOpen, rotationStart } from './schedule.ts';

/** Facts and words that several checks share. */

/** Until when an opening window is looked for, only to name the date. */
export const searchEnd = (now: Date): Date => later(now, 400 * DAY);

export const act = (action: Action, generation: number, reason: Reason, message: string): Conclusion => ({
  action,
  generation,
  reason,
  message,
});
export const wait = (
  reason: Reason,
  message: string,
  rest: Pick<Conclusion, 'notBefore' | 'generation'> = {},
): Conclusion => ({ action: null, reason, message, ...rest });

export const attemptOf = (
  { attempts }: Pick<Snapshot, 'attempts'>,
  action: Action,
  generation: number,
): Attempt | undefined => attempts.find((attempt) => attempt.action === action && attempt.generation === generation);

/** Another worker may be in the middle of a step. */
export const isClaimed = ({ claim }: Pick<KeyRecord, 'claim'>, now: Date): boolean =>
  claim !== undefined && now < new Date(claim.until);

/** A run stopped between announcing this effect and recording that it was complete. */
export const isUnfinished = ({ record }: Situation, action: Action, { generation }: Generation): boolean =>
  record.intent?.action === action && record.intent.generation === generation;

/** A compromised key knows no windows, for itself and for what replaces it. */
export const isUrgent = ({ current, previous }: Situation): boolean =>
  [current, ...previous].some((generation) => generation?.compromised !== undefined && !isClosed(generation));

/** Deletion was asked for, and no proof has come yet. */
export const isBeingDeleted = (generation: Generation): boolean =>
  generation.at.deletionAsked !== undefined && !isClosed(generation);

export const needsReplacement = ({ current }: Situation): boolean =>
  current === null || current.compromised !== undefined;

/** A request is served like a key that falls due a lead time after it, unless it falls due earlier. */
export function startDeadline(situation: Pick<Situation, 'record' | 'due' | 'key' | 'now'>): Date {
  const requested = requestedAt(situation);
  if (!requested) return situation.due;
  return situation.record.current === null ? later(requested, situation.key.schedule.lead) : lateFrom(situation);
}

/** From when on the next rotation of a key may start. */
export function startOf(situation: Pick<Situation, 'key' | 'record' | 'due' | 'now'>): Date {
  const { key, due } = situation;
  const deadline = startDeadline(situation);
  const requested = requestedAt(situation);
  if (requested) return nextOpen(key.schedule, requested, deadline) ?? deadline;
  return rotationStart({ key: key.id, due, schedule: key.schedule });
}

/** Seconds in which a generation that was brought back is left alone, unless somebody asks for a rotation. */
const ROLLBACK_HOLDS_SECONDS = 7 * DAY;

/** Until when a rollback keeps the next scheduled rotation away; null where nothing was rolled back. */
export function rollbackHoldsUntil({ current, record }: Pick<Situation, 'current' | 'record'>): Date | null {
  const broughtBack = current?.at.broughtBack;
  return broughtBack === undefined || record.request ? null : later(broughtBack, ROLLBACK_HOLDS_SECONDS);
}

export function mayStart(situation: Situation): boolean {
  const { key, now, start } = situation;
  const held = rollbackHoldsUntil(situation);
  if (held && now < held) return false;
  return now >= start && mayAct(key.schedule, startDeadline(situation), now);
}

export const accountIsFull: Check<Pick<Snapshot, 'room' | 'key' | 'capabilities'>> = ({ room, key, capabilities }) =>
  room
    ? null
    : wait(
        'venue-limit',
        `account ${key.account} holds as many keys as ${capabilities.title} allows (${capabilities.limits.keysPerAccount})`,
      );
