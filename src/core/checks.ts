import type { Action, Attempt, Check, Finding, Situation, Snapshot } from './decide.ts';
import { deletionDeadline, registrationDeadline } from './due.ts';
import { formatDuration } from './duration.ts';
import { later, minute } from './instant.ts';
import { controlFor, nextGroupAt } from './proof.ts';
import type { Generation } from './record.ts';
import { mayAct, mayPromote, nextOpen, rotationStart } from './schedule.ts';

/**
 * The facts a decision is made of, one check each, named for what it found. A check speaks or passes (null). A check for
 * an action passes when that action was tried in this pass already, so that everything else still gets its turn.
 */

/** A verification older than this is repeated before consumers get the key. */
const VERIFICATION_HOLDS_SECONDS = 3600;
/** How far ahead an opening window is looked for, only to name the date. */
const SEARCH_DAYS = 400;

const act = (action: Action, generation: number, reason: Finding['reason'], message: string): Finding => ({
  action,
  generation,
  reason,
  message,
});
const wait = (
  reason: Finding['reason'],
  message: string,
  rest: Pick<Finding, 'notBefore' | 'generation'> = {},
): Finding => ({ action: null, reason, message, ...rest });

const attemptOf = ({ attempts }: Pick<Snapshot, 'attempts'>, action: Action, generation: number): Attempt | undefined =>
  attempts.find((attempt) => attempt.action === action && attempt.generation === generation);

/** A run stopped between announcing this effect and recording that it was complete. */
const isUnfinished = ({ record }: Situation, action: Action, { generation }: Generation): boolean =>
  record.intent?.action === action && record.intent.generation === generation;

/** A compromised key knows no windows, for itself and for what replaces it. */
const isUrgent = ({ current, previous }: Situation): boolean =>
  [current, ...previous].some(
    (generation) => generation?.compromised !== undefined && generation.at.provenDead === undefined,
  );

/** Deletion was asked for, and no proof has come yet. */
const isBeingDeleted = ({ at }: Generation): boolean => at.deletionAsked !== undefined && at.provenDead === undefined;

// Holds: nothing may be done before somebody has looked.

const stateIsUnknown: Check<Snapshot> = ({ hold }) => hold && wait(hold.reason, hold.message);

const anotherWorkerHasClaim: Check<Snapshot> = ({ record, claim, claimMargin, now }) => {
  const held = record?.claim;
  if (!held || held.nonce === claim) return null;
  const until = later(held.until, claimMargin);
  return now < until
    ? wait('claimed', `${held.by} is in the middle of a step, until ${minute(until)} at the latest`, {
        notBefore: until,
      })
    : null;
};

// Start: the store has nothing of this key.

const accountIsFull: Check<Pick<Snapshot, 'room' | 'key' | 'capabilities'>> = ({ room, key, capabilities }) =>
  room
    ? null
    : wait(
        'venue-limit',
        `account ${key.account} holds as many keys as ${capabilities.title} allows (${capabilities.limits.keysPerAccount})`,
      );

const firstPairWaitsForWindow: Check<Snapshot> = ({ key, now }) => {
  const opens = nextOpen(key.schedule, now, later(now, SEARCH_DAYS * 86_400));
  if (opens && opens <= now) return null;
  return wait(
    'outside-window',
    opens
      ? `a first pair is to be made; the next window opens ${minute(opens)}`
      : 'a first pair is to be made, but no window opens',
    { notBefore: opens, generation: 1 },
  );
};

const keyIsNew: Check<Snapshot> = ({ now }) => ({
  ...act('generate', 1, 'first-generation', 'the policy names it and it has no pair yet'),
  notBefore: now,
});

// Actions, from the end of a life to its start.

/** Leaked before anybody was shown its public half: there is nothing to revoke. */
const unseenIsNotDestroyed: Check<Situation> = (situation) => {
  const unseen = situation.previous.find(
    ({ at, generation }) => !at.asked && !attemptOf(situation, 'destroy', generation),
  );
  return unseen
    ? act(
        'destroy',
        unseen.generation,
        'never-shown',
        `generation ${unseen.generation} was given up before anybody was asked to register it`,
      )
    : null;
};

const deadIsNotDestroyed: Check<Situation> = (situation) => {
  const dead = situation.previous.find(
    ({ at, generation }) => at.provenDead && !attemptOf(situation, 'destroy', generation),
  );
  if (!dead) return null;
  const unfinished = isUnfinished(situation, 'destroy', dead);
  return unfinished
    ? act(
        'destroy',
        dead.generation,
        'destruction-unfinished',
        `the material of generation ${dead.generation} was being destroyed when a run stopped`,
      )
    : act(
        'destroy',
        dead.generation,
        'proven-dead',
        `generation ${dead.generation} is proven dead, its private half is not needed any more`,
      );
};

const compromisedIsNotAskedFor: Check<Situation> = (situation) => {
  const leaked = [situation.current, ...situation.previous].find(
    (each) => each?.compromised && !each.at.deletionAsked && !attemptOf(situation, 'revoke', each.generation),
  );
  return leaked
    ? act(
        'revoke',
        leaked.generation,
        'compromised',
        `generation ${leaked.generation} is compromised: ${leaked.compromised?.reason}`,
      )
    : null;
};

const pairIsHalfMade: Check<Situation> = (situation) => {
  const { next } = situation;
  if (!next || next.at.stored || attemptOf(situation, 'generate', next.generation)) return null;
  return act(
    'generate',
    next.generation,
    'generation-unfinished',
    `generation ${next.generation} was being made when a run stopped`,
  );
};

const nextIsNotAskedFor: Check<Situation> = (situation) => {
  const { next, key, now } = situation;
  if (!next?.at.stored || next.at.asked || attemptOf(situation, 'register', next.generation)) return null;
  if (!isUrgent(situation) && !mayAct(key.schedule, startDeadline(situation), now)) return null;
  return act(
    'register',
    next.generation,
    'not-asked',
    `the public half of generation ${next.generation} is stored and not registered yet`,
  );
};

const nextIsUnverified: Check<Situation> = (situation) => {
  const { next } = situation;
  if (!next?.apiKey || next.at.verified || attemptOf(situation, 'verify', next.generation)) return null;
  const changes = (next.findings ?? []).map(({ message }) => message).join('; ');
  const message =
    changes === ''
      ? `generation ${next.generation} is registered and has not proven itself yet`
      : `generation ${next.generation} was not as it should be: ${changes}`;
  return act('verify', next.generation, 'unverified', message);
};

const nextIsPromotable: Check<Situation> = (situation) => {
  const { next, key, now } = situation;
  if (!next?.at.verified || !next.at.checked) return null;
  const unfinished = isUnfinished(situation, 'promote', next);
  if (!unfinished && !isUrgent(situation) && !mayPromote(key.schedule, new Date(next.at.verified), now)) return null;
  const isStale = now > later(next.at.checked, VERIFICATION_HOLDS_SECONDS);
  if (isStale || next.findings) {
    return attemptOf(situation, 'verify', next.generation)
      ? null
      : act(
          'verify',
          next.generation,
          'verification-stale',
          `generation ${next.generation} was last checked ${minute(new Date(next.at.checked))}; once more before consumers get it`,
        );
  }
  if (attemptOf(situation, 'promote', next.generation)) return null;
  return unfinished
    ? act(
        'promote',
        next.generation,
        'promotion-unfinished',
        `consumers were being moved to generation ${next.generation} when a run stopped`,
      )
    : act(
        'promote',
        next.generation,
        'verified',
        `generation ${next.generation} works with exactly the permissions of its purpose`,
      );
};

const overlapHasEnded: Check<Situation> = (situation) => {
  const { previous, key, now } = situation;
  const over = previous.find(
    ({ at, generation }) =>
      !at.deletionAsked &&
      now >= later(at.superseded ?? at.generated, key.schedule.overlap) &&
      !attemptOf(situation, 'revoke', generation),
  );
  return over
    ? act(
        'revoke',
        over.generation,
        'overlap-ended',
        `consumers had ${formatDuration(key.schedule.overlap)} to leave generation ${over.generation}`,
      )
    : null;
};

const deletionIsUnproven: Check<Situation> = (situation) => {
  const { current, previous, now, proof } = situation;
  const subject = [...previous, ...(current ? [current] : [])].find((each) => {
    const earliest = nextGroupAt(each, proof);
    const mayProbe =
      each.apiKey !== undefined && controlFor(situation, each) !== null && (earliest === null || now >= earliest);
    return isBeingDeleted(each) && mayProbe && !attemptOf(situation, 'prove', each.generation);
  });
  if (!subject) return null;
  const seen = subject.deadGroups?.length ?? 0;
  return act(
    'prove',
    subject.generation,
    'deletion-unproven',
    seen === 0
      ? `generation ${subject.generation} is to be deleted; look whether it still works`
      : `generation ${subject.generation} was seen deleted ${seen} of ${proof.groups} times; confirm it`,
  );
};

const rotationIsDue: Check<Situation> = (situation) => {
  const { next, previous, room, key, now, record } = situation;
  if (next || attemptOf(situation, 'generate', record.last + 1)) return null;
  const urgent = isUrgent(situation) && needsReplacement(situation);
  if (!urgent && (previous.length > 0 || !mayStart(situation))) return null;
  if (!urgent && !room) return null;
  const [reason, message] = startReason(situation);
  return {
    ...act('generate', record.last + 1, reason, message),
    notBefore: urgent ? now : startOf(situation, key.schedule),
  };
};

const needsReplacement = ({ current }: Situation): boolean => current === null || current.compromised !== undefined;

/** A request is served like a key that falls due a lead time after it. */
function startDeadline({ record, due, key }: Situation): Date {
  return record.request ? later(record.request.at, key.schedule.lead) : due;
}

function startOf(situation: Situation, schedule: Situation['key']['schedule']): Date {
  const deadline = startDeadline(situation);
  if (situation.record.request) return nextOpen(schedule, new Date(situation.record.request.at), deadline) ?? deadline;
  return rotationStart({ key: situation.key.id, due: situation.due, schedule });
}

function mayStart(situation: Situation): boolean {
  const { key, now } = situation;
  return now >= startOf(situation, key.schedule) && mayAct(key.schedule, startDeadline(situation), now);
}

function startReason(situation: Situation): [Finding['reason'], string] {
  const { current, record, due, now, key } = situation;
  if (current === null) return ['replacement', 'it has no current generation'];
  if (current.compromised)
    return ['replacement', `generation ${current.generation} is compromised and nothing replaces it yet`];
  if (record.request) return ['requested', `${record.request.by} asked for it: ${record.request.reason}`];
  const dated = `generation ${current.generation} is due ${minute(due)}`;
  return mayAct({ ...key.schedule, onMissedWindow: 'wait' }, due, now)
    ? ['due', dated]
    : ['missed-window', `${dated} and no window opened in its lead time`];
}

// Waits: what there is to say when nothing is to be done now, what people must do first.

const verificationFailed: Check<Situation> = (situation) => {
  const { next } = situation;
  const attempt = next && attemptOf(situation, 'verify', next.generation);
  return attempt ? wait(attempt.reason, attempt.message, { generation: attempt.generation }) : null;
};

const registrationIsAwaited: Check<Situation> = ({ next, key, now }) => {
  if (!next?.at.asked || next.apiKey) return null;
  const deadline = registrationDeadline(next.at.asked, key.schedule);
  const asked = `generation ${next.generation} waits to be registered by ${key.owner ?? 'its owner'}`;
  return now > deadline
    ? wait(
        'registration-overdue',
        `${asked} since ${minute(new Date(next.at.asked))}, overdue since ${minute(deadline)}`,
        {
          generation: next.generation,
        },
      )
    : wait('waiting-for-registration', `${asked} until ${minute(deadline)}`, { generation: next.generation });
};

const windowHoldsNextBack: Check<Situation> = (situation) => {
  const { next, key, now } = situation;
  const isHeld =
    next?.at.stored &&
    (!next.at.asked || next.at.verified) &&
    !situation.attempts.some(({ generation }) => generation === next.generation);
  if (!next || !isHeld) return null;
  const limit = next.at.verified
    ? later(next.at.verified, key.schedule.registerWithin)
    : later(now, SEARCH_DAYS * 86_400);
  const opens = nextOpen(key.schedule, now, limit) ?? limit;
  return wait('outside-window', `generation ${next.generation} waits for the window that opens ${minute(opens)}`, {
    notBefore: opens,
    generation: next.generation,
  });
};

const deletionIsAwaited: Check<Situation> = (situation) => {
  const { current, previous, key, now, proof } = situation;
  const asked = [...previous, ...(current ? [current] : [])].find(isBeingDeleted);
  if (!asked) return null;
  const { generation } = asked;
  const attempt = attemptOf(situation, 'prove', generation);
  const confirmAt = nextGroupAt(asked, proof);
  if (confirmAt)
    return wait(
      'proof-waits',
      `generation ${generation} was seen deleted ${asked.deadGroups?.length} of ${proof.groups} times; confirmed from ${minute(confirmAt)} on`,
      { notBefore: confirmAt, generation },
    );
  if (asked.apiKey === undefined)
    return wait(
      'no-key-id',
      `generation ${generation} was shown to a person, but no key id was handed in, so its deletion cannot be proven`,
      { generation },
    );
  if (!controlFor(situation, asked))
    return wait(
      'no-live-control',
      `generation ${generation} is to be deleted; proof waits until the next generation is verified`,
      { generation },
    );
  const deadline = deletionDeadline(asked, key.schedule);
  const state = attempt?.message ?? `generation ${generation} is to be deleted`;
  return now > deadline
    ? wait('deletion-overdue', `${state}; deletion was due by ${minute(deadline)}`, { generation })
    : wait('waiting-for-deletion', `${state}; ${key.owner ?? 'its owner'} has until ${minute(deadline)}`, {
        generation,
      });
};

const overlapLasts: Check<Situation> = ({ previous, key }) => {
  const [oldest] = previous.filter(({ at }) => !at.deletionAsked);
  if (!oldest) return null;
  const until = later(oldest.at.superseded ?? oldest.at.generated, key.schedule.overlap);
  return wait('overlap', `consumers move over from generation ${oldest.generation} until ${minute(until)}`, {
    notBefore: until,
    generation: oldest.generation,
  });
};

const debtBlocksRotation: Check<Situation> = (situation) => {
  const { previous, next } = situation;
  const [oldest] = previous;
  if (next || !oldest || !(situation.record.request || mayStart(situation))) return null;
  return wait('blocked-by-debt', `a rotation is due, but generation ${oldest.generation} is not proven dead yet`, {
    generation: oldest.generation,
  });
};

const fullAccountBlocksRotation: Check<Situation> = (situation) =>
  situation.next || !mayStart(situation) ? null : accountIsFull(situation);

const windowHoldsRotationBack: Check<Situation> = (situation) => {
  const { next, key, now, record, due } = situation;
  const isWanted = record.request !== undefined || now >= later(due, -key.schedule.lead);
  const opens = nextOpen(key.schedule, now, later(now, SEARCH_DAYS * 86_400));
  if (next || !isWanted || (opens && opens <= now)) return null;
  const start = startOf(situation, key.schedule);
  return wait('outside-window', `a rotation is due ${minute(due)}; it starts ${minute(start)}`, { notBefore: start });
};

const currentIsYoung: Check<Situation> = (situation) => {
  const { current, key, due } = situation;
  const start = startOf(situation, key.schedule);
  return wait(
    'not-due',
    `generation ${current?.generation} is due ${minute(due)}; its rotation starts ${minute(start)}`,
    {
      notBefore: start,
      generation: current?.generation ?? null,
    },
  );
};

export const HOLD_CHECKS: readonly Check<Snapshot>[] = [stateIsUnknown, anotherWorkerHasClaim];

export const START_CHECKS: readonly Check<Snapshot>[] = [accountIsFull, firstPairWaitsForWindow, keyIsNew];

export const ACTION_CHECKS: readonly Check<Situation>[] = [
  unseenIsNotDestroyed,
  deadIsNotDestroyed,
  compromisedIsNotAskedFor,
  pairIsHalfMade,
  nextIsNotAskedFor,
  nextIsUnverified,
  nextIsPromotable,
  overlapHasEnded,
  deletionIsUnproven,
  rotationIsDue,
];

export const WAIT_CHECKS: readonly Check<Situation>[] = [
  verificationFailed,
  registrationIsAwaited,
  windowHoldsNextBack,
  debtBlocksRotation,
  deletionIsAwaited,
  overlapLasts,
  fullAccountBlocksRotation,
  windowHoldsRotationBack,
  currentIsYoung,
];
