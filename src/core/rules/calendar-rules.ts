import { DAY, formatDuration, HOUR, MINUTE } from '../duration.ts';
import { type Freeze, WEEKDAYS, type Window } from '../policy.ts';
import { rememberingWith } from '../remember.ts';
import { type KeyRule, keyRule } from './rule.ts';

const WEEK = 7 * DAY;

const windowsAreFrequent = keyRule({
  id: 'windows',
  reads: [],
  timing: ['windows', 'lead'],
  says: ({ schedule: { windows, lead } }) => {
    const closed = longestClosed(windows);
    if (closed <= lead) return [];
    const message = `no window opens for ${formatDuration(closed)}, longer than the lead of ${formatDuration(lead)}`;
    return [{ at: ['schedule', 'windows'], message, help: 'add days to the windows, or write a longer lead' }];
  },
});

/**
 * Seconds of the longest stretch of a week without an open window. Weekly arithmetic on local hours: the hour a clock
 * change adds, and the hours between windows of different time zones, are left out. Most keys of a file share their windows.
 */
const longestClosed = rememberingWith((windows: readonly Window[]): number => {
  const open = windows.flatMap(({ days, from, to }) =>
    days.map((day) => {
      const midnight = WEEKDAYS.indexOf(day) * DAY;
      return { from: midnight + secondsOfDay(from), to: midnight + secondsOfDay(to) };
    }),
  );
  open.sort((a, b) => a.from - b.from);
  const [first] = open;
  if (first === undefined) return 0;
  let longest = 0;
  let end = first.to;
  for (const { from, to } of [...open, { from: first.from + WEEK, to: first.to + WEEK }]) {
    longest = Math.max(longest, from - end);
    end = Math.max(end, to);
  }
  return longest;
});

const secondsOfDay = (time: string): number => Number(time.slice(0, 2)) * HOUR + Number(time.slice(3)) * MINUTE;

const freezesAreShort = keyRule({
  id: 'freeze',
  reads: [],
  timing: ['freezes', 'lead', 'registerWithin'],
  says: ({ schedule: { freezes, lead, registerWithin } }) => {
    const longest = lead + registerWithin;
    return joined(freezes)
      .filter(({ length }) => length > longest)
      .map(({ place, length }) => ({
        at: ['schedule', 'freezes', place],
        message: `nothing moves for ${formatDuration(length)}, longer than lead and registerWithin together (${formatDuration(longest)})`,
        help: 'shorten the freeze, or write a longer lead so that rotations happen before it',
      }));
  },
});

/** Freezes that touch or overlap are one: where it is written first, and how many seconds it lasts. */
function joined(freezes: readonly Freeze[]): { place: number; length: number }[] {
  const spans = freezes.map(({ from, to }, place) => ({
    place,
    start: Date.parse(from) / 1000,
    end: Date.parse(to) / 1000 + DAY,
  }));
  spans.sort((a, b) => a.start - b.start);
  const apart: typeof spans = [];
  for (const span of spans) {
    const last = apart.at(-1);
    if (last !== undefined && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else apart.push(span);
  }
  return apart.map(({ place, start, end }) => ({ place, length: end - start }));
}

export const CALENDAR_RULES: readonly KeyRule[] = [windowsAreFrequent, freezesAreShort];
