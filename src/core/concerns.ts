import type { Event } from './forecast.ts';
import type { Gathered } from './plan.ts';
import type { Key, KeyId, Weekday } from './policy.ts';
import { isFrozen, utcDay, weekdayOf } from './schedule.ts';

/** Days of a forecast on which people are asked for something at a bad time. Days are those of UTC. */
export interface Concern {
  kind: 'crowded' | 'frozen' | 'week-end';
  owner: string | null;
  /** `YYYY-MM-DD`. */
  day: string;
  keys: KeyId[];
  message: string;
}

/** As many things for one owner on one day as are too many: each takes a person with the right to it, and care. */
export const CROWD = 5;

/** An event at which a person is asked for something. */
export interface Ask extends Event {
  day: string;
}

/** Only what keyturn does not do by itself: starts at venues where people register, deletions where people delete. */
export function asksIn(events: readonly Event[], gathered: readonly Gathered[]): Ask[] {
  const capabilities = new Map(gathered.map((each) => [each.key.id, each.capabilities]));
  return events
    .filter(({ kind, key }) => {
      const venue = capabilities.get(key);
      if (kind === 'rotation-starts') return venue?.registering === 'person';
      return kind === 'overlap-ends' && venue?.deleting === 'person';
    })
    .map((event) => ({ ...event, day: utcDay(event.at) }));
}

export function concernsOf(events: readonly Event[], gathered: readonly Gathered[]): Concern[] {
  const keys = new Map(gathered.map(({ key }) => [key.id, key]));
  const asks = asksIn(events, gathered);
  const where = (holds: (key: Key, ask: Ask) => boolean) =>
    asks.filter((ask) => {
      const key = keys.get(ask.key);
      return key !== undefined && holds(key, ask);
    });
  return [
    ...byDay(asks)
      .filter(({ keys }) => keys.length >= CROWD)
      .map((found) => concern('crowded', found, 'many for one day')),
    ...byDay(where(({ schedule }, { at }) => isFrozen(schedule, at.getTime()))).map((found) =>
      concern('frozen', found, 'in a freeze'),
    ),
    ...byDay(where(({ schedule }, { at }) => isWeekEnd(schedule, at))).map((found) =>
      concern('week-end', found, 'on a week-end'),
    ),
  ].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

/** Saturday and Sunday, unless a window opens on that day: then the policy has people for it. */
export function isWeekEnd({ windows }: Pick<Key['schedule'], 'windows'>, at: Date): boolean {
  const day: Weekday = weekdayOf(at.getTime());
  return (day === 'sat' || day === 'sun') && !windows.some(({ days }) => days.includes(day));
}

type Found = Pick<Concern, 'owner' | 'day' | 'keys'>;

const concern = (kind: Concern['kind'], found: Found, what: string): Concern => {
  const { owner, day, keys } = found;
  const count = `${keys.length} thing${keys.length === 1 ? '' : 's'}`;
  return { kind, ...found, message: `${owner ?? 'nobody named'} is asked for ${count} on ${day}, ${what}` };
};

function byDay(asks: readonly Ask[]): Found[] {
  const found = new Map<string, Found>();
  for (const { owner, day, key } of asks) {
    const mark = JSON.stringify([owner, day]);
    const before = found.get(mark);
    if (before === undefined) found.set(mark, { owner, day, keys: [key] });
    else before.keys.push(key);
  }
  return [...found.values()];
}
