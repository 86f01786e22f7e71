import { dueOf } from '../due.ts';
import { type Event, underWay } from '../forecast.ts';
import type { Key } from '../policy.ts';
import { type KeyRecord, rolesOf } from '../record.ts';
import { rotationStart } from '../schedule.ts';

/** A date that is another one afterwards. */
export interface Move {
  what: Event['kind'];
  before: Date;
  after: Date;
}

/** The dates that an edit moves, of a key whose record is known; which dates there are follows from the record alone. */
export function movesOf(before: Key, after: Key, record: KeyRecord, now: Date): Move[] {
  const [was, is] = [datesOf(before, record, now), datesOf(after, record, now)];
  return was.flatMap(({ kind, at }, place) => {
    const then = is[place]?.at;
    return then === undefined || then.getTime() === at.getTime() ? [] : [{ what: kind, before: at, after: then }];
  });
}

function datesOf(key: Key, record: KeyRecord, now: Date): Pick<Event, 'kind' | 'at'>[] {
  const due = dueOf({ key, record, now });
  return [
    { kind: 'due', at: due },
    ...(rolesOf(record).next
      ? []
      : [{ kind: 'rotation-starts' as const, at: rotationStart({ key: key.id, due, schedule: key.schedule }) }]),
    ...underWay({ key, record }),
  ];
}

/** Whether its rotation would start at once, and would not have before. */
export const startsNow = (moves: readonly Move[], now: Date): boolean =>
  moves.some(({ what, before, after }) => what === 'rotation-starts' && before > now && after <= now);
