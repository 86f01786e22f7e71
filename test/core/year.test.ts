import { describe, expect, it } from 'vitest';
import { type Action, decide } from '../../src/core/decide.ts';
import type { Key } from '../../src/core/policy.ts';
import type { Reason } from '../../src/core/reasons.ts';
import {
  emptyRecord,
  type Generation,
  type KeyRecord,
  type RecordDraft,
  rolesOf,
  withGeneration,
} from '../../src/core/record.ts';
import { isOpen } from '../../src/core/schedule.ts';
import { aKey, aSnapshot, DAY, HOUR } from '../build.ts';

/** A year of hourly passes over a record, with people who need a day for what they are asked. */

interface Deed {
  at: Date;
  action: Action;
  reason: Reason;
}

const DAY_FOR_PEOPLE = DAY;

function liveThrough(
  key: Key,
  from: string,
  days: number,
): { deeds: Deed[]; oldestSeconds: number; record: KeyRecord } {
  let record: RecordDraft | null = null;
  let revision = 0;
  const deeds: Deed[] = [];
  let oldestSeconds = 0;
  const stored = (): KeyRecord | null => record && { ...record, revision: ++revision, writeId: 'w', writtenAt: from };
  for (let hour = 0; hour < days * 24; hour++) {
    const now = new Date(Date.parse(from) + hour * HOUR * 1000);
    record = record && peopleAnswer(record, now);
    for (let steps = 0; steps < 20; steps++) {
      const { action, reason, generation } = decide(aSnapshot({ key, record: stored(), at: now.toISOString() }));
      if (action === null || generation === null) break;
      deeds.push({ at: now, action, reason });
      record = done(record ?? emptyRecord(key.id), action, generation, now);
    }
    for (const { at } of record?.generations ?? []) {
      if (at.registered) oldestSeconds = Math.max(oldestSeconds, (now.getTime() - Date.parse(at.registered)) / 1000);
    }
  }
  return { deeds, oldestSeconds, record: stored() as KeyRecord };
}

/** A day after they were asked, people register or delete. */
function peopleAnswer(record: RecordDraft, now: Date): RecordDraft {
  const isTime = (asked: string | undefined) =>
    asked !== undefined && now.getTime() - Date.parse(asked) >= DAY_FOR_PEOPLE * 1000;
  const { next } = rolesOf(record);
  return next && !next.apiKey && isTime(next.at.asked)
    ? withGeneration(record, at({ ...next, apiKey: `k${next.generation}` }, 'registered', now))
    : record;
}

const at = (generation: Generation, milestone: keyof Generation['at'], now: Date): Generation => ({
  ...generation,
  at: { ...generation.at, [milestone]: now.toISOString() },
});

/** What the steps would record. */
function done(record: RecordDraft, action: Action, number: number, now: Date): RecordDraft {
  const fresh: Generation = {
    generation: number,
    algorithm: 'ed25519',
    at: { generated: now.toISOString() },
    evidence: [],
  };
  const subject = record.generations.find(({ generation }) => generation === number) ?? fresh;
  switch (action) {
    case 'generate':
      return { ...record, generations: [...record.generations, at(fresh, 'stored', now)], next: number, last: number };
    case 'register':
      return withGeneration(record, at(subject, 'asked', now));
    case 'verify':
      return withGeneration(record, at(at(subject, 'verified', now), 'checked', now));
    case 'promote': {
      const { current } = rolesOf(record);
      const moved = withGeneration(record, at(subject, 'promoted', now));
      return {
        ...(current ? withGeneration(moved, at(current, 'superseded', now)) : moved),
        current: number,
        next: null,
      };
    }
    case 'revoke':
      return withGeneration(record, at(subject, 'deletionAsked', now));
    case 'prove': {
      const isDeleted = now.getTime() - Date.parse(subject.at.deletionAsked ?? '') >= DAY_FOR_PEOPLE * 1000;
      return withGeneration(
        record,
        isDeleted ? at(subject, 'provenDead', now) : { ...subject, deadGroups: [now.toISOString()] },
      );
    }
    case 'destroy':
      return { ...record, generations: record.generations.filter(({ generation }) => generation !== number) };
  }
}

const officeHours = (timeZone: string) => [
  { days: ['mon' as const, 'tue' as const, 'wed' as const, 'thu' as const], from: '09:00', to: '16:00', timeZone },
];
const yearEnd = [{ from: '2026-12-24', to: '2026-12-31', reason: 'year end' }];
const FROM = '2026-03-01T00:30:00.000Z';

describe('a simulated year, over both daylight-saving changes', () => {
  it.each(['Europe/London', 'America/New_York', 'Asia/Kolkata'])(
    'people are asked and consumers moved in office hours only: %s',
    (timeZone) => {
      const key = aKey({ schedule: { windows: officeHours(timeZone), freezes: yearEnd } });
      const { deeds, oldestSeconds, record } = liveThrough(key, FROM, 400);
      const held = deeds.filter(({ action }) => action === 'generate' || action === 'register' || action === 'promote');
      expect(held.length).toBeGreaterThan(3 * 11);
      const outside = held.filter(
        ({ at: instant, reason, action }) =>
          !isOpen(key.schedule, instant) && reason !== 'missed-window' && action !== 'promote',
      );
      expect(outside.map(({ at: instant, action }) => `${instant.toISOString()} ${action}`)).toEqual([]);
      expect(oldestSeconds).toBeLessThanOrEqual(30 * DAY + 3 * DAY + DAY + 2 * DAY);
      expect(rolesOf(record).previous.length).toBeLessThanOrEqual(1);
    },
  );

  it('a key is turned over every 30 days at the latest without windows', () => {
    const promotions = liveThrough(aKey(), FROM, 400).deeds.filter(({ action }) => action === 'promote');
    const gaps = promotions
      .slice(1)
      .map(({ at: instant }, index) => (instant.getTime() - (promotions[index]?.at.getTime() ?? 0)) / 1000 / DAY);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24);
  });

  it('a freeze over the whole lead time is acted through at the due date, and said to be', () => {
    const onlyFreezes = [{ from: '2026-03-20', to: '2026-04-30', reason: 'migration' }];
    const { deeds } = liveThrough(aKey({ schedule: { freezes: onlyFreezes } }), FROM, 60);
    const second = deeds.filter(({ action }) => action === 'generate')[1];
    expect(second).toMatchObject({ reason: 'missed-window' });
  });

  it('the same freeze is waited out when the policy says so', () => {
    const onlyFreezes = [{ from: '2026-03-20', to: '2026-04-30', reason: 'migration' }];
    const { deeds } = liveThrough(aKey({ schedule: { freezes: onlyFreezes, onMissedWindow: 'wait' } }), FROM, 90);
    const second = deeds.filter(({ action }) => action === 'generate')[1];
    expect(second?.at.toISOString().slice(0, 10)).toBe('2026-05-01');
  });

  it('keys that fall due together start spread over two days', () => {
    const starts = Array.from({ length: 24 }, (_, index) => {
      const id = `binance-main/key-${index}`;
      const { deeds } = liveThrough(aKey({ id, storedAs: id }), FROM, 33);
      return deeds.filter(({ action }) => action === 'generate')[1]?.at.getTime() ?? 0;
    });
    expect(new Set(starts).size).toBeGreaterThan(10);
    expect(Math.max(...starts) - Math.min(...starts)).toBeLessThanOrEqual(2 * DAY * 1000);
  });
});
