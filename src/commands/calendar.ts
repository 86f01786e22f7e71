import { type Concern, concernsOf } from '../core/concerns.ts';
import { DAY, parseDuration } from '../core/duration.ts';
import { type Event, forecast } from '../core/forecast.ts';
import { later, minute } from '../core/instant.ts';
import type { Gathered } from '../core/plan.ts';
import { type Suggestion, suggest } from '../core/spreading.ts';
import { KeyturnError } from '../errors.ts';
import { table } from '../terminal.ts';
import { type CommandIo, printJson } from './io.ts';

/** The calendar of what is coming, for people, programs and calendar programs (iCalendar, RFC 5545). */

interface Calendar {
  from: Date;
  until: Date;
  events: readonly Event[];
  concerns: readonly Concern[];
  /** Null: nobody asked for any. */
  suggestions: readonly Suggestion[] | null;
}

type Io = Pick<CommandIo, 'stdout' | 'stderr' | 'terminal'>;

const SUMMARIES: Record<Event['kind'], string> = {
  'rotation-starts': 'rotation starts: a key will be made and registered',
  due: 'should be replaced by now',
  'registration-deadline': 'the new key should be registered by now',
  'overlap-ends': 'overlap ends: the previous key will be deleted',
  'deletion-deadline': 'the previous key should be deleted by now',
};

export interface CalendarOptions {
  output: 'text' | 'json' | 'markdown' | 'ics';
  /** How far it reaches, as a duration. */
  horizon?: string | undefined;
  /** Propose better days with it. */
  suggest?: boolean | undefined;
}

/** Throws `usage` for a horizon that is none. */
export async function printCalendar(
  gathered: readonly Gathered[],
  from: Date,
  options: CalendarOptions,
  io: Io,
): Promise<void> {
  const calendar = calendarOf(gathered, from, options);
  const { output } = options;
  if (output === 'json') printJson(io, jsonOf(calendar));
  else if (output === 'markdown') io.stdout.write(markdownOf(calendar));
  else if (output === 'text') io.stdout.write(textOf(calendar, io));
  else {
    io.stdout.write(await icsOf(calendar));
    for (const { message } of calendar.concerns) io.stderr.write(`keyturn: warning: ${message}\n`);
  }
}

function calendarOf(
  gathered: readonly Gathered[],
  from: Date,
  { horizon = '90d', suggest: wanted }: CalendarOptions,
): Calendar {
  const until = later(from, horizonOf(horizon));
  const events = forecast(gathered, from, until);
  return {
    from,
    until,
    events,
    concerns: concernsOf(events, gathered),
    suggestions: wanted ? suggest(gathered, events, from) : null,
  };
}

/** A working life: what is asked for beyond is a slip, and would keep the machine busy for hours. */
const LONGEST_HORIZON_DAYS = 9999;

function horizonOf(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === null)
    throw new KeyturnError('usage', `“${text}” is not a duration`, {
      hint: 'write a whole number with s, m, h, d or w, for example 90d',
    });
  if (seconds > LONGEST_HORIZON_DAYS * DAY)
    throw new KeyturnError('usage', `a horizon of ${text} is too far away`, {
      hint: `the calendar reaches at most ${LONGEST_HORIZON_DAYS}d`,
    });
  return seconds;
}

const jsonOf = ({ from, until, events, concerns, suggestions }: Calendar) => ({
  at: from,
  until,
  events: events.map((event) => ({ ...event, summary: SUMMARIES[event.kind] })),
  warnings: concerns,
  ...(suggestions && {
    suggestions: suggestions.map(({ how, ...rest }) => ({ ...rest, ...how, message: sentence({ how, ...rest }) })),
  }),
});

const heading = ({ events, until }: Calendar): string =>
  `${events.length} event${events.length === 1 ? '' : 's'} until ${minute(until)}, if everybody is in time`;

function textOf(calendar: Calendar, { terminal }: Io): string {
  const rows = calendar.events.map(({ at, owner, key, kind }) => [minute(at), owner ?? '', key, SUMMARIES[kind]]);
  const parts = [
    `${heading(calendar)}\n`,
    ...(rows.length === 0 ? [] : [table([['WHEN', 'OWNER', 'KEY', 'WHAT'], ...rows], terminal)]),
    ...section(
      calendar.concerns,
      ({ message, keys }) => `${terminal.paint.yellow('warning')}  ${message}: ${keys.join(', ')}\n`,
    ),
    ...section(suggested(calendar), (line) => `${line}\n`),
  ];
  return parts.join('\n');
}

const section = <T>(items: readonly T[], line: (item: T) => string): string[] =>
  items.length === 0 ? [] : [items.map(line).join('')];

/** What to say of suggestions where some were asked for. */
const suggested = ({ suggestions }: Calendar): string[] =>
  suggestions?.length === 0 ? ['no better days were found'] : (suggestions ?? []).map(sentence);

function sentence({ key, from, to, how }: Omit<Suggestion, 'owner'>): string {
  const moved = `${key}: ${minute(to)} instead of ${minute(from)}`;
  return how.kind === 'rotate'
    ? `${moved}: keyturn rotate ${key} --reason spread, at that time`
    : `${moved}: write rotateEvery: ${how.days}d`;
}

/** One table for each owner. */
function markdownOf(calendar: Calendar): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const owners = [...new Set(calendar.events.map(({ owner }) => owner))].sort((a, b) =>
    (a ?? '').localeCompare(b ?? '', 'en'),
  );
  const tables = owners.map((owner) => {
    const rows = calendar.events
      .filter((event) => event.owner === owner)
      .map(({ at, key, kind }) => `| ${minute(at)} | ${key} | ${SUMMARIES[kind]} |\n`);
    return `## ${cell(owner ?? 'nobody named')}\n\n| when | key | what |\n| --- | --- | --- |\n${rows.join('')}`;
  });
  return [
    `# keyturn calendar, ${minute(calendar.from)}\n`,
    `${heading(calendar)}\n`,
    ...tables,
    ...section(calendar.concerns, ({ message }) => `- **warning** ${cell(message)}\n`),
    ...section(suggested(calendar), (line) => `- ${cell(line)}\n`),
  ].join('\n');
}

async function icsOf({ events, from }: Calendar): Promise<string> {
  const { default: ical, ICalCalendarMethod, ICalEventTransparency } = await import('ical-generator');
  const file = ical({
    name: 'keyturn',
    prodId: { company: 'keyturn', product: 'keyturn' },
    method: ICalCalendarMethod.PUBLISH,
  });
  for (const { key, at, kind, owner } of events) {
    file.createEvent({
      id: `${kind}-${at.getTime()}-${key}@keyturn`,
      stamp: from,
      start: at,
      summary: `${key}: ${SUMMARIES[kind]}`,
      transparency: ICalEventTransparency.TRANSPARENT,
      ...(owner !== null && { description: `owner: ${owner}`, categories: [{ name: owner }] }),
    });
  }
  return `${file.toString()}\r\n`;
}
