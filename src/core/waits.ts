import { isForPeopleToRegister } from './capabilities.ts';
import type { Check, Situation } from './decide.ts';
import { deletionDeadline, registrationDeadline } from './due.ts';
import { accountIsFull, attemptOf, isBeingDeleted, mayStart, rollbackHoldsUntil, searchEnd, wait } from './facts.ts';
import { later, minute } from './instant.ts';
import { controlFor, nextGroupAt } from './proof.ts';
import { nextOpen } from './schedule.ts';

/** What there is to say when nothing is to be done now; what people must do comes first. */

const verificationFailed: Check<Situation> = (situation) => {
  const { next } = situation;
  const attempt = next && attemptOf(situation, 'verify', next.generation);
  if (!attempt) return null;
  const { reason, message, generation } = attempt;
  return wait(reason, message || `generation ${generation} could not be verified`, { generation });
};

const registrationIsAwaited: Check<Situation> = ({ next, key, now, capabilities }) => {
  if (!next?.at.asked || next.apiKey || !isForPeopleToRegister(capabilities, next)) return null;
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
  const limit = next.at.verified ? later(next.at.verified, key.schedule.registerWithin) : searchEnd(now);
  const opens = nextOpen(key.schedule, now, limit);
  const until = opens
    ? `for the window that opens ${minute(opens)}`
    : `for a window, until ${minute(limit)} at the latest`;
  return wait('outside-window', `generation ${next.generation} waits ${until}`, {
    notBefore: opens ?? limit,
    generation: next.generation,
  });
};

const deletionIsAwaited: Check<Situation> = (situation) => {
  const { current, previous, key, now, proof, capabilities } = situation;
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
  if (!capabilities.lists && !controlFor(situation, asked))
    return wait(
      'no-live-control',
      `generation ${generation} is to be deleted; proof waits until the next generation is verified`,
      { generation },
    );
  const deadline = deletionDeadline(asked, key.schedule);
  const state = attempt?.message || `generation ${generation} is to be deleted`;
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

export const debtBlocksRotation: Check<Situation> = (situation) => {
  const { previous, next } = situation;
  const [oldest] = previous;
  if (next || !oldest || !(situation.record.request || mayStart(situation))) return null;
  return wait('blocked-by-debt', `a rotation is due, but generation ${oldest.generation} is not proven dead yet`, {
    generation: oldest.generation,
  });
};

const fullAccountBlocksRotation: Check<Situation> = (situation) =>
  situation.next || situation.room || !mayStart(situation) ? null : accountIsFull(situation);

const windowHoldsRotationBack: Check<Situation> = (situation) => {
  const { next, key, now, record, due, start } = situation;
  const isWanted = record.request !== undefined || now >= later(due, -key.schedule.lead);
  if (next || !isWanted) return null;
  const opens = nextOpen(key.schedule, now, searchEnd(now));
  if (opens && opens <= now) return null;
  const starts = start > now ? start : (opens ?? start);
  return wait('outside-window', `a rotation is due ${minute(due)}; it starts ${minute(starts)}`, { notBefore: starts });
};

const rollbackHolds: Check<Situation> = (situation) => {
  const until = rollbackHoldsUntil(situation);
  if (situation.next || until === null || situation.now >= until) return null;
  return wait(
    'rolled-back',
    `generation ${situation.current?.generation} was brought back; it is left alone until ${minute(until)}, or until keyturn rotate`,
    { notBefore: until, generation: situation.current?.generation ?? null },
  );
};

const currentIsYoung: Check<Situation> = (situation) => {
  const { current, due, start } = situation;
  return wait(
    'not-due',
    `generation ${current?.generation} is due ${minute(due)}; its rotation starts ${minute(start)}`,
    {
      notBefore: start,
      generation: current?.generation ?? null,
    },
  );
};

export const WAIT_CHECKS: readonly Check<Situation>[] = [
  verificationFailed,
  registrationIsAwaited,
  windowHoldsNextBack,
  debtBlocksRotation,
  deletionIsAwaited,
  overlapLasts,
  rollbackHolds,
  fullAccountBlocksRotation,
  windowHoldsRotationBack,
  currentIsYoung,
];
