import { isForPeopleToRegister } from './capabilities.ts';
import type { Check, Situation, Snapshot } from './decide.ts';
import { deletionDeadline } from './due.ts';
import { formatDuration } from './duration.ts';
import {
  accountIsFull,
  act,
  attemptOf,
  isBeingDeleted,
  isUnfinished,
  isUrgent,
  mayStart,
  needsReplacement,
  searchEnd,
  startDeadline,
  wait,
} from './facts.ts';
import { later, minute } from './instant.ts';
import { controlFor, nextGroupAt } from './proof.ts';
import type { Reason } from './reasons.ts';
import { type Generation, hasPrivateHalf, isClosed } from './record.ts';
import { mayAct, mayPromote, nextOpen } from './schedule.ts';

/**
 * The facts a decision is made of, one check each, named for what it found. A check speaks or passes (null). A check for
 * an action passes when that action was tried in this pass already, so that everything else still gets its turn.
 */

/** A verification older than this is repeated before consumers get the key. */
const VERIFICATION_HOLDS_SECONDS = 3600;

// Holds: nothing may be done before somebody has looked.

const stateIsUnknown: Check<Snapshot> = ({ hold }) => hold && wait(hold.reason, hold.message);

const anotherWorkerHasClaim: Check<Snapshot> = ({ record, claimMargin, now }) => {
  const held = record?.claim;
  if (!held) return null;
  const until = later(held.until, claimMargin);
  return now < until
    ? wait('claimed', `${held.by} is in the middle of a step, until ${minute(until)} at the latest`, {
        notBefore: until,
      })
    : null;
};

// Start: the store has nothing of this key.

const firstPairWaitsForWindow: Check<Snapshot> = ({ key, now }) => {
  const opens = nextOpen(key.schedule, now, searchEnd(now));
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
  const dead = situation.previous.find((each) => isClosed(each) && !attemptOf(situation, 'destroy', each.generation));
  return dead ? act('destroy', dead.generation, ...whyDestroyed(situation, dead)) : null;
};

function whyDestroyed(situation: Situation, dead: Generation): [Reason, string] {
  const { generation, attested } = dead;
  if (isUnfinished(situation, 'destroy', dead))
    return [
      'destruction-unfinished',
      `the material of generation ${generation} was being destroyed when a run stopped`,
    ];
  if (attested) return ['attested', `${attested.by} says that generation ${generation} is deleted: ${attested.reason}`];
  const what = hasPrivateHalf(dead) ? 'its private half is not needed any more' : 'its evidence can be closed';
  return ['proven-dead', `generation ${generation} is proven dead, ${what}`];
}

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
  if (!next?.at.stored || isRegisteredOrAsked(situation, next)) return null;
  if (attemptOf(situation, 'register', next.generation)) return null;
  if (!isUrgent(situation) && !mayAct(key.schedule, startDeadline(situation), now)) return null;
  return act(
    'register',
    next.generation,
    'not-asked',
    `the public half of generation ${next.generation} is stored and not registered yet`,
  );
};

/** Where keyturn registers by itself, what it began and did not record is still to be done. */
const isRegisteredOrAsked = ({ capabilities }: Situation, generation: Generation): boolean =>
  isForPeopleToRegister(capabilities, generation) ? generation.at.asked !== undefined : generation.apiKey !== undefined;

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

const rollbackIsUnfinished: Check<Situation> = (situation) => {
  const { intent } = situation.record;
  if (intent?.action !== 'rollback' || attemptOf(situation, 'promote', intent.generation)) return null;
  return act(
    'promote',
    intent.generation,
    'rollback-unfinished',
    `consumers were being moved back to generation ${intent.generation} when a run stopped`,
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
  const { current, previous, now, proof, capabilities, key } = situation;
  const subject = [...previous, ...(current ? [current] : [])].find((each) => {
    const earliest = nextGroupAt(each, proof);
    const mayJudge = capabilities.lists || controlFor(situation, each) !== null;
    const mayProbe = each.apiKey !== undefined && mayJudge && (earliest === null || now >= earliest);
    return isBeingDeleted(each) && mayProbe && !attemptOf(situation, 'prove', each.generation);
  });
  if (!subject) return null;
  const seen = subject.deadGroups?.length ?? 0;
  const deadline = deletionDeadline(subject, key.schedule);
  return act(
    'prove',
    subject.generation,
    'deletion-unproven',
    seen === 0
      ? `generation ${subject.generation} ${now > deadline ? 'was' : 'is'} to be deleted by ${minute(deadline)}; look whether it still works`
      : `generation ${subject.generation} was seen deleted ${seen} of ${proof.groups} times; confirm it`,
  );
};

const rotationIsDue: Check<Situation> = (situation) => {
  const { next, previous, room, now, record } = situation;
  if (next || attemptOf(situation, 'generate', record.last + 1)) return null;
  const urgent = isUrgent(situation) && needsReplacement(situation);
  if (!urgent && (previous.length > 0 || !mayStart(situation))) return null;
  if (!urgent && !room) return null;
  return {
    ...act('generate', record.last + 1, ...whyStarted(situation)),
    notBefore: urgent ? now : situation.start,
  };
};

function whyStarted(situation: Situation): [Reason, string] {
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

export const HOLD_CHECKS: readonly Check<Snapshot>[] = [stateIsUnknown, anotherWorkerHasClaim];

export const START_CHECKS: readonly Check<Snapshot>[] = [accountIsFull, firstPairWaitsForWindow, keyIsNew];

/** What is dead can wait: a destruction that fails keeps no key that leaked from being revoked and replaced. */
export const ACTION_CHECKS: readonly Check<Situation>[] = [
  unseenIsNotDestroyed,
  compromisedIsNotAskedFor,
  pairIsHalfMade,
  nextIsNotAskedFor,
  nextIsUnverified,
  nextIsPromotable,
  rollbackIsUnfinished,
  overlapHasEnded,
  deletionIsUnproven,
  rotationIsDue,
  deadIsNotDestroyed,
];
