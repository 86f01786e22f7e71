import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schedule, Weekday } from '../../src/core/policy.ts';
import { isOpen, mayAct, mayPromote, nextOpen, rotationStart, spread } from '../../src/core/schedule.ts';
import { aSchedule, DAY, HOUR } from '../build.ts';

const daily: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const office: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const windows = (timeZone: string, from: string, to: string, days = daily): Schedule =>
  aSchedule({ windows: [{ days, from, to, timeZone }] });
const at = (text: string): Date => new Date(text);
const next = (schedule: Schedule, from: string, until = '2027-12-31T00:00:00Z') =>
  nextOpen(schedule, at(from), at(until))?.toISOString().replace(':00.000Z', 'Z');

describe('nextOpen', () => {
  const rows: [string, Schedule, string, string | undefined][] = [
    ['is now without windows', aSchedule(), '2026-06-01T12:00:00Z', '2026-06-01T12:00Z'],
    ['is now inside a window', windows('Europe/London', '09:00', '16:00'), '2026-06-01T12:00:00Z', '2026-06-01T12:00Z'],
    [
      'is this morning in summer time',
      windows('Europe/London', '09:00', '16:00'),
      '2026-06-01T00:00:00Z',
      '2026-06-01T08:00Z',
    ],
    [
      'is this morning in winter time',
      windows('Europe/London', '09:00', '16:00'),
      '2026-12-01T00:00:00Z',
      '2026-12-01T09:00Z',
    ],
    [
      'is tomorrow when today is over',
      windows('Europe/London', '09:00', '16:00'),
      '2026-06-01T15:00:00Z',
      '2026-06-02T08:00Z',
    ],
    [
      'is Monday after a weekend',
      windows('Asia/Kolkata', '09:30', '10:00', office),
      '2026-06-06T00:00:00Z',
      '2026-06-08T04:00Z',
    ],
    [
      'follows the spring change in London',
      windows('Europe/London', '09:00', '16:00'),
      '2026-03-28T17:00:00Z',
      '2026-03-29T08:00Z',
    ],
    [
      'follows the autumn change in London',
      windows('Europe/London', '09:00', '16:00'),
      '2026-10-24T17:00:00Z',
      '2026-10-25T09:00Z',
    ],
    [
      'follows the spring change in New York',
      windows('America/New_York', '09:00', '16:00'),
      '2026-03-07T22:00:00Z',
      '2026-03-08T13:00Z',
    ],
    [
      'is the first existing minute when spring skips the start',
      windows('Europe/London', '01:30', '03:00'),
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:00Z',
    ],
    [
      'is the next day when spring skips the whole window',
      windows('Europe/London', '01:15', '01:45'),
      '2026-03-29T00:30:00Z',
      '2026-03-30T00:15Z',
    ],
    [
      'is the first pass through the hour that autumn repeats',
      windows('Europe/London', '01:15', '01:45'),
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:15Z',
    ],
    [
      'is the second pass when the first is over',
      windows('Europe/London', '01:17', '01:43'),
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:17Z',
    ],
    [
      'is the second pass when only the end of the window lies in the repeated hour',
      windows('Europe/London', '00:30', '01:30'),
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:00Z',
    ],
    [
      'is the day before again where autumn turns the clock back over midnight',
      windows('America/Nuuk', '12:00', '23:30', ['sat']),
      '2026-10-25T00:45:00Z',
      '2026-10-25T01:00Z',
    ],
    [
      'knows changes of half an hour',
      windows('Australia/Lord_Howe', '09:00', '10:00'),
      '2026-10-03T23:00:00Z',
      '2026-10-04T22:00Z',
    ],
    ['ends a day at 24:00', windows('Etc/UTC', '23:00', '24:00'), '2026-06-01T23:59:00Z', '2026-06-01T23:59Z'],
    [
      'is after a freeze',
      aSchedule({ freezes: [{ from: '2026-12-24', to: '2026-12-31', reason: 'year end' }] }),
      '2026-12-24T00:00:00Z',
      '2027-01-01T00:00Z',
    ],
    [
      'is the first window after a freeze',
      {
        ...windows('Etc/UTC', '09:00', '10:00'),
        freezes: [{ from: '2026-06-01', to: '2026-06-02', reason: 'release' }],
      },
      '2026-06-01T09:30:00Z',
      '2026-06-03T09:00Z',
    ],
  ];
  it.each(rows)('%s', (_sentence, schedule, from, expected) => expect(next(schedule, from)).toBe(expected));
  it('is null when none opens in time', () =>
    expect(
      next(windows('Etc/UTC', '09:00', '10:00', ['mon']), '2026-06-02T00:00:00Z', '2026-06-08T09:00:00Z'),
    ).toBeUndefined());

  // Windows and changes of the clock begin on quarters of an hour, so looking that often finds every opening.
  it('tells every opening of a year', () => {
    const step = 15 * 60_000;
    const end = Date.parse('2027-01-01T00:00:00Z');
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        let closed = Date.parse('2026-01-01T00:00:00Z');
        while (closed < end) {
          const opens = nextOpen(schedule, new Date(closed), new Date(end))?.getTime() ?? end;
          let instant = closed;
          while (instant < opens && !isOpen(schedule, new Date(instant))) instant += step;
          expect(new Date(instant).toISOString()).toBe(new Date(opens).toISOString());
          while (instant < end && isOpen(schedule, new Date(instant))) instant += step;
          closed = instant;
        }
      }),
      { seed: 20261124, numRuns: 8 },
    );
  });
});

const anyTime = fc.integer({ min: 0, max: 95 });
const clock = (quarters: number): string =>
  `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`;
const anyWindow = fc
  .record({
    days: fc.subarray(daily, { minLength: 1 }),
    // Mostly at night, when clocks are changed.
    from: fc.oneof(fc.integer({ min: 0, max: 13 }), anyTime),
    length: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 96 })),
    timeZone: fc.constantFrom(
      'Europe/London',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'America/Nuuk',
      'Africa/Casablanca',
      'Africa/Cairo',
      'Pacific/Chatham',
    ),
  })
  .map(({ days, from, length, timeZone }) => ({
    days,
    from: clock(from),
    to: clock(Math.min(from + length, 96)),
    timeZone,
  }));
const anySchedule = fc
  .record({
    windows: fc.array(anyWindow, { minLength: 1, maxLength: 2 }),
    freezes: fc.subarray([{ from: '2026-03-28', to: '2026-03-30', reason: 'release' }]),
  })
  .map(aSchedule);

describe('spread', () => {
  it('depends on the key alone', () => expect(spread('a/b', 1000)).toBe(spread('a/b', 1000)));
  it('stays inside its range', () => {
    for (let index = 0; index < 100; index++) expect(spread(`a/${index}`, 60)).toBeLessThan(60);
  });
  it('is nothing without room', () => expect(spread('a/b', 0) + spread('a/b', -5)).toBe(0));
  it('spreads a thousand keys over two days', () => {
    const hours = new Set(Array.from({ length: 1000 }, (_, index) => Math.floor(spread(`a/${index}`, 2 * DAY) / HOUR)));
    expect(hours.size).toBe(48);
  });
});

describe('rotationStart', () => {
  const due = at('2026-06-15T12:00:00Z'); // a Monday
  const start = (schedule: Schedule) => rotationStart({ key: 'a/b', due, schedule });
  it('lies between due - lead and due - registerWithin', () => {
    expect(start(aSchedule()).getTime()).toBeGreaterThanOrEqual(due.getTime() - 5 * DAY * 1000);
    expect(start(aSchedule()).getTime()).toBeLessThan(due.getTime() - 3 * DAY * 1000);
  });
  it('lies in a window', () =>
    expect(isOpen(windows('Etc/UTC', '09:00', '10:00'), start(windows('Etc/UTC', '09:00', '10:00')))).toBe(true));
  it('gives up spreading rather than miss the only window', () => {
    const schedule = windows('Etc/UTC', '12:00', '12:01', ['wed']);
    expect(start(schedule).toISOString()).toBe('2026-06-10T12:00:00.000Z');
  });
  it('is the due date when no window opens in time', () =>
    expect(start(windows('Etc/UTC', '12:00', '13:00', ['tue'])).toISOString()).toBe(due.toISOString()));
  it('is the next window after due when told to wait', () =>
    expect(start({ ...windows('Etc/UTC', '12:00', '13:00', ['tue']), onMissedWindow: 'wait' }).toISOString()).toBe(
      '2026-06-16T12:00:00.000Z',
    ));
});

describe('mayAct and mayPromote', () => {
  const due = at('2026-06-15T12:00:00Z');
  const tuesdays = windows('Etc/UTC', '12:00', '13:00', ['tue']);
  it('at due, when every window was missed', () => expect(mayAct(tuesdays, due, due)).toBe(true));
  it('not before due', () => expect(mayAct(tuesdays, due, at('2026-06-15T11:59:59Z'))).toBe(false));
  it('not at due when told to wait', () =>
    expect(mayAct({ ...tuesdays, onMissedWindow: 'wait' }, due, due)).toBe(false));
  it('not at due when a window did open', () => expect(mayAct({ ...tuesdays, lead: 7 * DAY }, due, due)).toBe(false));
  it('promotes after registerWithin at the latest', () => {
    expect(mayPromote(tuesdays, at('2026-06-10T00:00:00Z'), at('2026-06-12T23:59:59Z'))).toBe(false);
    expect(mayPromote(tuesdays, at('2026-06-10T00:00:00Z'), at('2026-06-13T00:00:00Z'))).toBe(true);
  });
});
