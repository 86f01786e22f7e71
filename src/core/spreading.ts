import { asksIn, CROWD, isWeekEnd } from './concerns.ts';
import { dueOf } from './due.ts';
import { DAY } from './duration.ts';
import type { Event } from './forecast.ts';
import { later } from './instant.ts';
import type { Gathered } from './plan.ts';
import type { Key, KeyId } from './policy.ts';
import { rolesOf } from './record.ts';
import { LONGEST_LIFE } from './rules/key-rules.ts';
import { nextOpen, rotationStart, utcDay } from './schedule.ts';

/**
 * Better days for rotations that fall on crowded days or week-ends. A rotation is moved only to an instant between `lead`
 * before it is due and then at which its windows and freezes let keyturn act; the same forecast gives the same suggestions.
 */
export interface Suggestion {
  key: KeyId;
  owner: string | null;
  from: Date;
  to: Date;
  how: How;
}

/** `rotate`: ask for it at `to`, earlier than it would start. `rotate-every`: write that many days into the policy. */
export type How = { kind: 'rotate' } | { kind: 'rotate-every'; days: number };

interface Movable {
  key: Key;
  start: Date;
  due: Date;
}

type Move = Pick<Suggestion, 'to' | 'how'>;

export function suggest(gathered: readonly Gathered[], events: readonly Event[], from: Date): Suggestion[] {
  const load = new Map<string, number>();
  const placeOf = ({ owner }: Key, at: Date) => JSON.stringify([owner, utcDay(at)]);
  const on = (key: Key, at: Date) => load.get(placeOf(key, at)) ?? 0;
  const add = (key: Key, at: Date, count: number) => load.set(placeOf(key, at), on(key, at) + count);
  const keys = new Map(gathered.map(({ key }) => [key.id, key]));
  const asks = asksIn(events, gathered);
  for (const { key: id, at } of asks) {
    const key = keys.get(id);
    if (key) add(key, at, 1);
  }
  const coming = new Set(asks.map(({ key, at }) => `${key} ${at.getTime()}`));
  const movable = gathered
    .flatMap(movableOf)
    .filter(({ key, start }) => start > from && coming.has(`${key.id} ${start.getTime()}`))
    .sort((a, b) => a.start.getTime() - b.start.getTime() || (a.key.id < b.key.id ? -1 : 1));
  return movable.flatMap((each) => {
    const { key, start } = each;
    const isBad = isWeekEnd(key.schedule, start);
    if (!isBad && on(key, start) < CROWD) return [];
    const most = isBad ? CROWD - 1 : on(key, start) - 1;
    const best = movesOf(each, from)
      .filter(({ to }) => on(key, to) < most && !isWeekEnd(key.schedule, to))
      .sort((a, b) => on(key, a.to) - on(key, b.to) || distance(a, start) - distance(b, start))[0];
    if (best === undefined) return [];
    add(key, start, -1);
    add(key, best.to, 1);
    return [{ key: key.id, owner: key.owner, from: start, ...best }];
  });
}

const distance = ({ to }: Move, start: Date): number => Math.abs(to.getTime() - start.getTime());

/** Only the next scheduled rotation of a key: where those after it fall follows from that one. */
function movableOf(each: Gathered): Movable[] {
  const { key, record } = each;
  if (record === null || record.request) return [];
  const { current, next } = rolesOf(record);
  if (current === null || current.compromised || next !== null) return [];
  const due = dueOf(each);
  return [{ key, due, start: rotationStart({ key: key.id, due, schedule: key.schedule }) }];
}

/** One for each other day on which the rotation may start. */
function movesOf({ key, start, due }: Movable, from: Date): Move[] {
  const earliest = Math.max(from.getTime(), later(due, -key.schedule.lead).getTime());
  const moves: Move[] = [];
  for (let day = Date.parse(utcDay(earliest)); day <= due.getTime(); day += DAY * 1000) {
    if (utcDay(day) === utcDay(start)) continue;
    const open = nextOpen(
      key.schedule,
      new Date(Math.max(day, earliest)),
      new Date(Math.min(day + DAY * 1000, due.getTime())),
    );
    if (open === null) continue;
    if (open < start) moves.push({ to: open, how: { kind: 'rotate' } });
    else moves.push(...laterMoves({ key, start, due }, utcDay(day)));
  }
  return moves;
}

/** The longest interval a policy may have, in days. */
const MOST_DAYS = 90;

/** A longer interval with which the rotation starts on that day, and no later than it is due now. */
function laterMoves({ key, due }: Movable, day: string): Move[] {
  const { rotateEvery, schedule } = key;
  const life = rotateEvery + schedule.registerWithin + schedule.overlap + schedule.revokeWithin;
  for (let more = DAY; more <= schedule.lead && life + more <= LONGEST_LIFE; more += DAY) {
    const days = (rotateEvery + more) / DAY;
    if (days > MOST_DAYS) break;
    const to = rotationStart({ key: key.id, due: later(due, more), schedule });
    if (to <= due && utcDay(to) === day) return [{ to, how: { kind: 'rotate-every', days } }];
  }
  return [];
}
