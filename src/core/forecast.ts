import { bornAt, deletionDeadline, registrationDeadline } from './due.ts';
import { later } from './instant.ts';
import type { Gathered } from './plan.ts';
import type { KeyId } from './policy.ts';
import { rolesOf } from './record.ts';
import { rotationStart } from './schedule.ts';

/** Something that will happen, or must have happened, at an instant. */
export interface Event {
  key: KeyId;
  at: Date;
  kind: 'rotation-starts' | 'due' | 'registration-deadline' | 'overlap-ends' | 'deletion-deadline';
  owner: string | null;
}

/**
 * What is coming within a horizon, sorted, if everybody does what they are asked in time: rotations under way with their
 * deadlines, then one rotation after the other, each starting when its predecessor’s start plus the interval comes near.
 */
export function forecast(gathered: readonly Gathered[], from: Date, until: Date): Event[] {
  return gathered
    .flatMap((each) => [...underWay(each), ...rotations(each, until)])
    .filter(({ at }) => at >= from && at <= until)
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.key.localeCompare(b.key, 'en'));
}

const event = ({ key }: Pick<Gathered, 'key'>, kind: Event['kind'], at: Date): Event => ({
  key: key.id,
  at,
  kind,
  owner: key.owner,
});

/** Deadlines and ends of what has begun. */
export function underWay(each: Pick<Gathered, 'key' | 'record'>): Event[] {
  if (each.record === null) return [];
  const { schedule } = each.key;
  const { next, previous } = rolesOf(each.record);
  const registration =
    next?.at.asked && !next.apiKey
      ? [event(each, 'registration-deadline', registrationDeadline(next.at.asked, schedule))]
      : [];
  const deletions = previous.flatMap((generation) => {
    const { superseded, deletionAsked } = generation.at;
    const overlapEnd =
      superseded && !deletionAsked ? [event(each, 'overlap-ends', later(superseded, schedule.overlap))] : [];
    return [...overlapEnd, event(each, 'deletion-deadline', deletionDeadline(generation, schedule))];
  });
  return [...registration, ...deletions];
}

function rotations(each: Gathered, until: Date): Event[] {
  const { key, record, now } = each;
  const events: Event[] = [];
  const { current, next } = record ? rolesOf(record) : { current: null, next: null };
  let due = next || !current ? later(next?.at.asked ?? now, key.rotateEvery) : later(bornAt(current), key.rotateEvery);
  if (!current && !next) events.push(event(each, 'rotation-starts', now));
  while (due <= until || rotationStart({ key: key.id, due, schedule: key.schedule }) <= until) {
    const start = rotationStart({ key: key.id, due, schedule: key.schedule });
    events.push(event(each, 'rotation-starts', start), event(each, 'due', due));
    due = later(start > now ? start : now, key.rotateEvery);
  }
  return events;
}
