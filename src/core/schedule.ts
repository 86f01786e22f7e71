import { createHash } from 'node:crypto';
import { type Schedule, WEEKDAYS, type Window } from './policy.ts';
import { remembering } from './remember.ts';

/**
 * When keyturn may generate, ask people and promote. Windows are read off the clock on the wall of their time zone: open
 * at every instant whose local time lies in [from, to) on one of the days. So a window inside the hour that spring skips
 * does not open that day, and one that reaches into the hour that autumn repeats opens twice. Freezes are whole UTC days.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;

type Times = Pick<Schedule, 'windows' | 'freezes'>;

export const isOpen = (schedule: Times, instant: Date): boolean =>
  !isFrozen(schedule, instant.getTime()) &&
  (schedule.windows.length === 0 || schedule.windows.some((window) => isInside(window, instant.getTime())));

/** The first open instant in [from, until), to the minute unless it is `from` itself; null when there is none. */
export function nextOpen(schedule: Schedule, from: Date, until: Date): Date | null {
  for (let instant = from.getTime(); instant < until.getTime(); ) {
    const thawed = endOfFreeze(schedule, instant);
    if (thawed > instant) {
      instant = thawed;
      continue;
    }
    if (isOpen(schedule, new Date(instant))) return new Date(instant);
    instant = Math.min(...schedule.windows.map((window) => nextStart(window, instant)));
  }
  return null;
}

/** A whole number of seconds in [0, seconds) that only depends on `key`, so that keys which fall due together do not act together. */
export function spread(key: string, seconds: number): number {
  if (seconds <= 0) return 0;
  return createHash('sha256').update(key, 'utf8').digest().readUIntBE(0, 6) % seconds;
}

/** When the rotation of a key that falls due may start: early enough for people, spread, and in a window where one opens in time. */
export function rotationStart({ key, due, schedule }: { key: string; due: Date; schedule: Schedule }): Date {
  const earliest = due.getTime() - schedule.lead * 1000;
  const spreadOut = new Date(earliest + spread(key, schedule.lead - schedule.registerWithin) * 1000);
  const inTime = nextOpen(schedule, spreadOut, due) ?? nextOpen(schedule, new Date(earliest), due);
  if (inTime) return inTime;
  return schedule.onMissedWindow === 'act'
    ? due
    : (nextOpen(schedule, due, new Date(due.getTime() + 400 * DAY)) ?? due);
}

/** Whether generating and asking people is allowed now, for a key that should be replaced by `due`. */
export const mayAct = (schedule: Schedule, due: Date, now: Date): boolean =>
  isOpen(schedule, now) || (now >= due && windowWasMissed(schedule, due));

/** No window opened in the lead time and the policy says to act then. */
const windowWasMissed = (schedule: Schedule, due: Date): boolean =>
  schedule.onMissedWindow === 'act' && nextOpen(schedule, new Date(due.getTime() - schedule.lead * 1000), due) === null;

/** Whether consumers may be moved: in a window, or `registerWithin` after verification, whichever is first. */
export const mayPromote = (schedule: Schedule, verifiedAt: Date, now: Date): boolean =>
  isOpen(schedule, now) || now.getTime() >= verifiedAt.getTime() + schedule.registerWithin * 1000;

/** The day of an instant in UTC, `YYYY-MM-DD`. */
export const utcDay = (instant: Date | number): string => dateOf(Math.floor(Number(instant) / DAY));

const dateOf = remembering((day: number): string => new Date(day * DAY).toISOString().slice(0, 10));

export const isFrozen = (schedule: Pick<Schedule, 'freezes'>, instant: number): boolean =>
  endOfFreeze(schedule, instant) > instant;

/** The end of the freeze that holds at this instant; the instant itself when none does. */
function endOfFreeze({ freezes }: Pick<Schedule, 'freezes'>, instant: number): number {
  if (freezes.length === 0) return instant;
  const day = utcDay(instant);
  const holding = freezes.find(({ from, to }) => from <= day && day <= to);
  return holding ? Date.parse(`${holding.to}T00:00:00Z`) + DAY : instant;
}

function isInside({ days, from, to, timeZone }: Window, instant: number): boolean {
  const local = localTime(timeZone, instant);
  const minutes = Math.floor((((local % DAY) + DAY) % DAY) / MINUTE);
  return days.includes(weekdayOf(local)) && minutes >= minutesOf(from) && minutes < minutesOf(to);
}

/** Of a time in milliseconds from 1970, which began on a Thursday. */
export function weekdayOf(local: number): (typeof WEEKDAYS)[number] {
  const day = WEEKDAYS[(((Math.floor(local / DAY) + 3) % 7) + 7) % 7];
  if (day === undefined) throw new Error('a week has seven days');
  return day;
}

/** The midnight with which the day of a local time begins. */
const dayOf = (local: number): number => Math.floor(local / DAY) * DAY;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** The first instant after `instant` at which this window may begin to be open; it must be looked at again. */
function nextStart(window: Window, instant: number): number {
  const today = dayOf(localTime(window.timeZone, instant));
  for (let day = today; day <= today + 8 * DAY; day += DAY) {
    if (!window.days.includes(weekdayOf(day))) continue;
    const starts = mayOpenOn(window, day).filter((start) => start > instant);
    if (starts.length > 0) return Math.min(...starts);
  }
  return instant + 8 * DAY;
}

/** Where a window may begin to be open on a local day: where the clock shows its start, and where the clock is changed. */
function mayOpenOn({ from, timeZone }: Window, day: number): number[] {
  const wall = day + minutesOf(from) * MINUTE;
  // Every zone is less than a day from UTC, so these two lie before and after all of the local day.
  const [low, high] = [day - DAY, day + 2 * DAY];
  const [before, after] = [offsetOf(timeZone, low), offsetOf(timeZone, high)];
  if (before === after) return [wall - before];
  const change = changeBetween(timeZone, low, high);
  return [wall - before, wall - after, change].filter((instant) => dayOf(localTime(timeZone, instant)) === day);
}

/** The first minute of the new offset, found by halving. */
function changeBetween(timeZone: string, low: number, high: number): number {
  const before = offsetOf(timeZone, low);
  let [same, changed] = [low, high];
  while (changed - same > MINUTE) {
    const middle = same + Math.floor((changed - same) / 2 / MINUTE) * MINUTE;
    if (offsetOf(timeZone, middle) === before) same = middle;
    else changed = middle;
  }
  return changed;
}

/** What the clock on the wall shows, as if it were UTC, in milliseconds. */
const localTime = (timeZone: string, instant: number): number => instant + offsetOf(timeZone, instant);

/** Asking a calendar takes longer than all the rest of a decision, and most days a clock is not changed. */
function offsetOf(timeZone: string, instant: number): number {
  return offsetsOf(timeZone)(Math.floor(instant / DAY)) ?? askedOffset(timeZone, instant);
}

/** By UTC day, the offset that holds from its start to its end; null on a day with a change. */
const offsetsOf = remembering((timeZone: string) =>
  remembering((day: number): number | null => {
    const offset = askedOffset(timeZone, day * DAY);
    return offset === askedOffset(timeZone, (day + 1) * DAY) ? offset : null;
  }),
);

function askedOffset(timeZone: string, instant: number): number {
  const [, month, day, year, hour, minute] = (
    /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+)/.exec(clockOf(timeZone).format(instant)) ?? []
  ).map(Number);
  if (month === undefined || day === undefined || year === undefined || hour === undefined || minute === undefined) {
    throw new Error(`the time in ${timeZone} cannot be read`);
  }
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(instant / MINUTE) * MINUTE;
}

/** Making a formatter costs more than a thousand uses. */
const clockOf = remembering(
  (timeZone: string) =>
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    }),
);

/** Whether the IANA database has a time zone of this name; offsets such as `+01:00` are none. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && clockOf(name) !== undefined;
  } catch {
    return false;
  }
}
