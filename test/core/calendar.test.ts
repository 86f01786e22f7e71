import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concernsOf } from '../../src/core/concerns.ts';
import { decide } from '../../src/core/decide.ts';
import { forecast } from '../../src/core/forecast.ts';
import { later } from '../../src/core/instant.ts';
import type { Schedule, Window } from '../../src/core/policy.ts';
import { isOpen, rotationStart, utcDay } from '../../src/core/schedule.ts';
import { type Suggestion, suggest } from '../../src/core/spreading.ts';
import { aGeneration, aKey, aRecord, aSnapshot, DAY, HOUR, someCapabilities, T } from '../build.ts';

const FROM = new Date(T());
const UNTIL = later(FROM, 90 * DAY);

/** A key in service since `bornAt`, for an owner. */
const serving = (
  name: string,
  bornAt: string,
  {
    schedule,
    owner = 'desk-a',
    rotateEvery = 30 * DAY,
  }: { schedule?: Partial<Schedule>; owner?: string; rotateEvery?: number } = {},
) => {
  const key = aKey({ id: `desk/${name}`, name, account: 'desk', owner, rotateEvery, ...(schedule && { schedule }) });
  return aSnapshot({ key, record: aRecord({ roles: { current: aGeneration(1, 'promoted', { at: bornAt }) } }) });
};
const concerns = (gathered: ReturnType<typeof serving>[]) => concernsOf(forecast(gathered, FROM, UNTIL), gathered);
const suggestions = (gathered: ReturnType<typeof serving>[]) =>
  suggest(gathered, forecast(gathered, FROM, UNTIL), FROM);
const kinds = (gathered: ReturnType<typeof serving>[]) => new Set(concerns(gathered).map(({ kind }) => kind));

/** Starts exactly `lead` before it is due. */
const AT_ONCE = { registerWithin: 5 * DAY };
const several = (count: number, ...rest: [string, Parameters<typeof serving>[2]?]) =>
  Array.from({ length: count }, (_, index) => serving(`k${index}`, ...rest));

describe('what a calendar warns of', () => {
  // T() is a Monday; 25 days later is a Friday, 26 a Saturday.
  it('five starts for one owner on one day', () => {
    const found = concerns(several(5, T(), { schedule: AT_ONCE, rotateEvery: 30 * DAY }));
    expect(found[0]).toMatchObject({ kind: 'crowded', owner: 'desk-a', day: '2026-06-26', keys: expect.any(Array) });
    expect(found[0]?.message).toBe('desk-a is asked for 5 things on 2026-06-26, many for one day');
  });
  it('not four, and not five for different owners', () => {
    expect(kinds(several(4, T(), { schedule: AT_ONCE }))).not.toContain('crowded');
    const owners = several(4, T(), { schedule: AT_ONCE });
    expect(kinds([...owners, serving('other', T(), { schedule: AT_ONCE, owner: 'desk-b' })])).not.toContain('crowded');
  });
  it('not starts at a venue that registers by API', () => {
    const byApi = several(5, T(), { schedule: AT_ONCE }).map((each) => ({
      ...each,
      capabilities: someCapabilities({ registering: 'api' }),
    }));
    expect(concerns(byApi)).toEqual([]);
  });
  it('a start on a week-end, unless a window opens then', () => {
    const saturday = later(FROM, DAY).toISOString();
    expect(kinds([serving('a', saturday, { schedule: AT_ONCE })])).toContain('week-end');
    const windows: Window[] = [{ days: ['sat'], from: '00:00', to: '24:00', timeZone: 'UTC' }];
    const open = concerns([serving('a', saturday, { schedule: { ...AT_ONCE, windows } })]);
    expect(open.filter(({ day }) => day === '2026-06-27')).toEqual([]);
  });
  it('a start in a freeze that covers the whole lead', () => {
    const freezes = [{ from: '2026-06-20', to: '2026-07-05', reason: 'migration' }];
    expect(concerns([serving('a', T(), { schedule: { freezes } })])).toContainEqual(
      expect.objectContaining({ kind: 'frozen', day: '2026-07-01', keys: ['desk/a'] }),
    );
  });
});

describe('suggestions', () => {
  it('spread a crowd over the days of its lead time', () => {
    const gathered = several(8, T(-DAY), { schedule: AT_ONCE });
    const found = suggestions(gathered);
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(new Set(found.map(({ to }) => utcDay(to))).size).toBeGreaterThan(1);
    expect(suggestions(gathered)).toEqual(found);
  });
  it('leave alone what is fine', () => expect(suggestions(several(4, T(), { schedule: AT_ONCE }))).toEqual([]));
  it('never make a policy longer than 90 days or a life longer than 97', () => {
    expect(suggestions(several(8, T(-DAY), { schedule: AT_ONCE, rotateEvery: 90 * DAY }))).toEqual([]);
    const almost = suggestions(several(8, T(-DAY), { schedule: AT_ONCE, rotateEvery: 86 * DAY }));
    expect(almost.every(({ how }) => how.kind === 'rotate-every' && how.days <= 89)).toBe(true);
    expect(almost).not.toEqual([]);
  });

  const aWindow = fc.record<Window>({
    days: fc
      .subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const, { minLength: 1 })
      .map((days) => [...days]),
    from: fc.constantFrom('00:00', '09:00'),
    to: fc.constantFrom('10:30', '24:00'),
    timeZone: fc.constantFrom('UTC', 'Europe/London', 'Asia/Kolkata'),
  });
  const aCrowd = fc
    .array(
      fc.record({
        born: fc.integer({ min: 0, max: 3 * 24 }),
        every: fc.constantFrom(30, 31, 45, 88, 90),
        lead: fc.integer({ min: 1, max: 12 }),
        registerWithin: fc.integer({ min: 1, max: 5 }),
        windows: fc.array(aWindow, { maxLength: 2 }),
        frozen: fc.boolean(),
        owner: fc.constantFrom('desk-a', 'desk-a', 'desk-b'),
      }),
      { minLength: 1, maxLength: 24 },
    )
    .map((keys) =>
      keys.map(({ born, every, lead, registerWithin, windows, frozen, owner }, index) => {
        const freezes = frozen ? [{ from: '2026-06-24', to: '2026-06-27', reason: 'release' }] : [];
        const schedule = { lead: lead * DAY, registerWithin: registerWithin * DAY, windows, freezes };
        return serving(`k${index}`, T(-born * HOUR), { schedule, owner, rotateEvery: every * DAY });
      }),
    );

  it('keep to lead and due, to windows and freezes; what they say makes the rotation start at that time', () =>
    fc.assert(
      fc.property(aCrowd, (gathered) => {
        for (const suggestion of suggestions(gathered)) {
          const each = gathered.find(({ key }) => key.id === suggestion.key);
          if (!each) throw new Error('a suggestion is about a key');
          const { key, record } = each;
          const born = record?.generations[0]?.at.registered ?? '';
          const dueAt = later(born, key.rotateEvery);
          expect(
            suggestion.to > FROM && suggestion.to >= later(dueAt, -key.schedule.lead) && suggestion.to <= dueAt,
          ).toBe(true);
          expect(isOpen(key.schedule, suggestion.to)).toBe(true);
          expect(startsThen(each, suggestion, dueAt)).toBe(true);
        }
      }),
      { numRuns: 300 },
    ));

  it('never leave a day more crowded than the worst was', () =>
    fc.assert(
      fc.property(aCrowd, (gathered) => {
        const before = starts(gathered.map(({ key, record }) => ({ owner: key.owner, at: firstStart(key, record) })));
        const moved = new Map(suggestions(gathered).map(({ key, to }) => [key, to]));
        const after = starts(
          gathered.map(({ key, record }) => ({ owner: key.owner, at: moved.get(key.id) ?? firstStart(key, record) })),
        );
        expect(after).toBeLessThanOrEqual(Math.max(before, 4));
      }),
      { numRuns: 300 },
    ));
});

type Serving = ReturnType<typeof serving>;

function startsThen({ key, record, ...rest }: Serving, { how, to }: Suggestion, due: Date): boolean {
  if (how.kind === 'rotate-every') {
    const longer = later(due, how.days * DAY - key.rotateEvery);
    return rotationStart({ key: key.id, due: longer, schedule: key.schedule }).getTime() === to.getTime();
  }
  const request = { at: to.toISOString(), by: 'somebody', reason: 'spread' };
  const decision = decide({ ...rest, key, record: record && { ...record, request }, now: to });
  return decision.action === 'generate';
}

const firstStart = (key: Serving['key'], record: Serving['record']): Date =>
  rotationStart({
    key: key.id,
    due: later(record?.generations[0]?.at.registered ?? '', key.rotateEvery),
    schedule: key.schedule,
  });

/** The most starts of one owner on one day. */
function starts(all: { owner: string | null; at: Date }[]): number {
  const counts = new Map<string, number>();
  for (const { owner, at } of all) {
    const mark = `${owner} ${utcDay(at)}`;
    counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}
