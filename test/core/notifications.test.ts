import { describe, expect, it } from 'vitest';
import { type Audience, concerns, endingsOf, hears, isQuiet, markedIn, pendingOf } from '../../src/core/audience.ts';
import { messageOf } from '../../src/core/notification-text.ts';
import { EVENTS, type Ladder, type Notification, newsOf } from '../../src/core/notifications.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { aGeneration, aKey, aRecord, DAY, HOUR, someCapabilities, T, withInstants } from '../build.ts';

const capabilities = someCapabilities();
const key = aKey();
const newsAt = (record: KeyRecord, at = T()): Ladder[] => newsOf({ key, record, capabilities, now: new Date(at) });
const shown = ({ event, subject, step }: Notification) => `${event} ${subject} ${step}`;

const STAMP = Date.parse(T()) / 1000;
/** Its last part stands for the switches and addresses to be entered. */
const TASK = `1/register/${STAMP}/7023e16e`;
const asked = aRecord({ roles: { next: aGeneration(1, 'asked') } });
const promoted = aRecord({ roles: { current: aGeneration(1, 'promoted') } });
const leaked = aRecord({
  roles: { current: aGeneration(1, 'promoted', { compromised: { at: T(), by: 'ann', reason: 'pasted' } }) },
});
const finished = (generation: number, provenDead?: string) => ({
  generation,
  ...(provenDead ? { provenDead } : { attested: T() }),
  destroyed: T(),
  evidence: '0'.repeat(64),
});

const NEWS: Record<string, { record: KeyRecord; at?: string; news: string[] }> = {
  'a task that was opened': { record: asked, news: [`task ${TASK} 0`] },
  'a task whose time is half over': { record: asked, at: T(1.5 * DAY), news: [`task ${TASK} 1`] },
  'a task at its deadline, which is not over yet': { record: asked, at: T(3 * DAY), news: [`task ${TASK} 1`] },
  'a task that is overdue': { record: asked, at: T(3 * DAY + 1), news: [`overdue ${TASK} 2`] },
  'a task that was overdue yesterday, too': { record: asked, at: T(4 * DAY), news: [`overdue ${TASK} 3`] },
  'a task that is overdue for a week': { record: asked, at: T(10 * DAY), news: [`overdue ${TASK} 9`] },
  'no reminder of a deletion that was seen': {
    record: aRecord({
      roles: { previous: [aGeneration(1, 'deletionAsked', { deadGroups: [T()] })] },
    }),
    at: T(10 * DAY),
    news: [`task 1/delete/${STAMP} 0`],
  },
  'nothing, before anybody was asked': { record: aRecord({ roles: { next: aGeneration(1, 'stored') } }), news: [] },
  'a promotion': { record: promoted, news: [`rotated 1/rotated/${STAMP} 0`] },
  'a promotion that was taken back': {
    record: aRecord({
      roles: { current: withInstants(aGeneration(1, 'promoted'), { broughtBack: T(60) }) },
    }),
    news: [`rotated 1/rotated/${STAMP + 60} 0`],
  },
  'no promotion of a key that was adopted': {
    record: aRecord({
      roles: { current: aGeneration(1, 'promoted', { adopted: { at: T(), by: 'ann', age: 'known' } }) },
    }),
    news: [],
  },
  'a leak, before everything else': {
    record: leaked,
    news: ['compromised 1/compromised 0', `rotated 1/rotated/${STAMP} 0`],
  },
  'dead keys that were proven so, of the last ones': {
    record: aRecord({ roles: {}, history: [finished(1, T()), finished(2, T()), finished(3), finished(4, T())] }),
    news: ['dead 2/dead 0', 'dead 4/dead 0'],
  },
  'what stops a key': {
    record: aRecord({ roles: {}, failure: { cause: 'network', message: 'verify: no way', at: T() } }),
    news: [`failed failed/network/${STAMP} 0`],
  },
};

describe('there is news of', () => {
  it.each(Object.entries(NEWS))('%s', (_, { record, at, news }) => {
    expect(newsAt(record, at).map((ladder) => shown(ladder.at(-1) as Notification))).toEqual(news);
  });

  it('a task in words, with its owner and deadline and never a key id', () => {
    const [ladder] = newsAt(
      aRecord({ roles: { next: aGeneration(1, 'asked', { apiKey: 'k'.repeat(64) }) } }),
      T(4 * DAY),
    );
    expect(ladder).toBeUndefined();
    expect(newsAt(asked, T(5 * DAY))[0]?.at(-1)).toEqual({
      id: `binance-main/spot/${TASK}/4`,
      event: 'overdue',
      subject: TASK,
      step: 4,
      key: 'binance-main/spot',
      account: 'binance-main',
      application: 'market-maker',
      venue: 'binance',
      owner: 'desk-a',
      generation: 1,
      at: T(),
      deadline: T(3 * DAY),
      message: 'overdue for 2d: generation 1 is to be registered by desk-a, until 2026-06-04 12:00 UTC',
      hint: 'keyturn task binance-main/spot',
    });
  });
});

const all = () => true;
const only =
  (...events: Notification['event'][]) =>
  ({ event }: Notification) =>
    events.includes(event);
const pendingAt = (record: KeyRecord, at = T(), wants: (each: Notification) => boolean = all) =>
  pendingOf(newsAt(record, at), record.told?.desk, wants, new Date(at));
const deliveredAt = (record: KeyRecord, at = T()) => {
  const [news, pending] = [newsAt(record, at), pendingAt(record, at)];
  return markedIn(record, 'desk', { news, endings: [], delivered: pending, now: new Date(at) });
};

describe('what is left to tell', () => {
  it('is the highest step that is wanted, once', () => {
    expect(pendingAt(asked, T(5 * DAY)).map(shown)).toEqual([`overdue ${TASK} 4`]);
    expect(pendingAt(asked, T(5 * DAY), only('task')).map(shown)).toEqual([`task ${TASK} 1`]);
    expect(pendingAt(asked, T(), only('overdue'))).toEqual([]);
    const after = deliveredAt(asked, T(5 * DAY));
    expect(pendingAt(after, T(5 * DAY))).toEqual([]);
    expect(pendingAt(after, T(6 * DAY)).map(shown)).toEqual([`overdue ${TASK} 5`]);
    expect(pendingAt(after, T(2 * DAY))).toEqual([]);
  });

  it('is a task once more when its policy wants something else entered, and only then', () => {
    const after = deliveredAt(asked, T(5 * DAY));
    const pendingFor = (edited: typeof key) =>
      pendingOf(
        newsOf({ key: edited, record: after, capabilities, now: new Date(T(5 * DAY)) }),
        after.told?.desk,
        all,
        new Date(T(5 * DAY)),
      );
    expect(pendingFor(aKey({ owner: 'desk-b', rotateEvery: 90 * DAY }))).toEqual([]);
    const [again, ...more] = pendingFor(aKey({ ipAllowlist: ['198.51.100.9'] }));
    expect(more).toEqual([]);
    expect(again).toMatchObject({ event: 'overdue', step: 4 });
    expect(again?.message).toMatch(
      /^what is to be entered has changed: overdue for 2d: generation 1 is to be registered/,
    );
    expect(again?.id).not.toBe(`binance-main/spot/${TASK}/4`);
  });

  it('to somebody new is what still is the case, and what happened in the last days', () => {
    expect(pendingAt(promoted, T(2 * DAY)).map(shown)).toEqual([`rotated 1/rotated/${STAMP} 0`]);
    expect(pendingAt(promoted, T(4 * DAY))).toEqual([]);
    expect(pendingAt(leaked, T(40 * DAY)).map(shown)).toEqual(['compromised 1/compromised 0']);
  });

  it('does not grow too old for somebody who could not be told', () => {
    const now = new Date(T());
    const unreached = markedIn(promoted, 'desk', {
      news: newsAt(promoted),
      endings: [],
      delivered: [],
      now,
    });
    expect(unreached.told?.desk).toEqual({ since: T(-3 * DAY), steps: {} });
    expect(pendingAt(unreached, T(40 * DAY)).map(shown)).toEqual([`rotated 1/rotated/${STAMP} 0`]);
  });

  it('is kept for each by itself, and forgotten when it is over', () => {
    const after = deliveredAt(asked);
    expect(after.told).toEqual({ desk: { since: T(-3 * DAY), steps: { [TASK]: 0 } } });
    const registered = { ...after, generations: [aGeneration(1, 'promoted')], current: 1, next: null };
    expect(deliveredAt(registered).told?.desk?.steps).toEqual({ [`1/rotated/${STAMP}`]: 0 });
    expect(pendingOf(newsAt(after), after.told?.chat, all, new Date(T()))).toHaveLength(1);
  });
});

describe('what is over', () => {
  const endingsAt = (record: KeyRecord, keepsIncidents = false) =>
    endingsOf(key, newsAt(record), record.told?.desk, keepsIncidents, new Date(T()));
  const failing = (cause: string) => aRecord({ roles: {}, failure: { cause, message: 'no way', at: T() } });

  it('is told of a failure when nothing fails any more', () => {
    const { failure: _gone, ...mended } = deliveredAt(failing('network'));
    expect(endingsAt(mended).map(({ id }) => id)).toEqual([`binance-main/spot/failed/network/${STAMP}/over`]);
    expect(endingsAt({ ...mended, failure: { cause: 'timeout', message: '', at: T() } })).toEqual([]);
  });

  it('is told of everything to those who keep incidents, until they heard it', () => {
    const told = { ...deliveredAt(asked), generations: [] };
    expect(endingsAt(told)).toEqual([]);
    const pending = endingsAt(told, true);
    expect(pending.map(({ event, generation, message }) => [event, generation, message])).toEqual([
      ['recovered', 1, 'register of generation 1 is over'],
    ]);
    const marked = (delivered: Notification[]) =>
      markedIn(told, 'desk', { news: newsAt(told), endings: pending, delivered, now: new Date(T()) });
    const [ending] = pending as [Notification];
    const leak: Notification = { ...ending, id: 'leak', event: 'compromised', subject: '2/compromised' };
    expect(endingsAt(marked([]), true)).toEqual(pending);
    expect(endingsAt(marked([leak]), true)).toContainEqual(ending);
    expect(endingsAt(marked(pending), true)).toEqual([]);
  });
});

describe('who hears it', () => {
  const audience = (changes: Partial<Audience> = {}): Audience => ({
    on: EVENTS,
    owners: null,
    keepsIncidents: false,
    ...changes,
  });
  const [[task]] = newsAt(asked) as [[Notification]];
  const [[leak], [rotation]] = newsAt(leaked) as [[Notification], [Notification]];
  const at = (time: string) => new Date(`2026-06-01T${time}:00Z`);
  const night = { days: ['mon'] as const, from: '22:00', to: '07:00', timeZone: 'Europe/London' };

  it('depends on event and owner', () => {
    expect(hears(audience(), task)).toBe(true);
    expect(hears(audience({ on: ['overdue'] }), task)).toBe(false);
    expect(hears(audience({ owners: ['desk-a'] }), task)).toBe(true);
    expect(hears(audience({ owners: ['desk-b'] }), task)).toBe(false);
    expect(hears(audience({ owners: ['desk-b'] }), { ...task, owner: null })).toBe(false);
  });

  it('depends on the hour, over midnight and in its time zone, on the days on which the night begins', () => {
    const quiet = { ...night, days: [...night.days] };
    const isQuietAt = (instant: string) => isQuiet(quiet, new Date(instant));
    // London is an hour ahead of UTC in summer.
    expect(isQuietAt('2026-06-01T20:59:00Z')).toBe(false);
    expect(isQuietAt('2026-06-01T21:00:00Z')).toBe(true);
    expect(isQuietAt('2026-06-02T05:59:00Z')).toBe(true);
    expect(isQuietAt('2026-06-02T06:00:00Z')).toBe(false);
    expect(isQuietAt('2026-06-01T03:00:00Z')).toBe(false);
    expect(isQuietAt('2026-06-02T22:00:00Z')).toBe(false);
    expect(isQuiet({ ...quiet, from: '12:00', to: '13:00' }, at('11:30'))).toBe(true);
  });

  it('everybody, when a key leaked', () => {
    const deaf = audience({ on: ['task'], owners: ['desk-b'] });
    expect(hears(deaf, leak)).toBe(true);
  });

  it('a hook after its own keys and applications only', () => {
    const any = { keys: null, applications: null };
    expect(concerns(any, rotation)).toBe(true);
    expect(concerns(any, leak)).toBe(false);
    expect(concerns({ ...any, keys: ['binance-main/spot'] }, rotation)).toBe(true);
    expect(concerns({ ...any, keys: ['binance-main/tax'] }, rotation)).toBe(false);
    expect(concerns({ ...any, applications: ['hedger'] }, rotation)).toBe(false);
    expect(concerns({ keys: ['binance-main/spot'], applications: ['market-maker'] }, rotation)).toBe(true);
  });
});

describe('a digest', () => {
  it('has an id that depends on what is in it, and not on its order', () => {
    const [[task]] = newsAt(asked) as [[Notification]];
    const other = { ...task, id: 'other' };
    expect(messageOf([task]).id).toBe(task.id);
    expect(messageOf([task, other]).id).toBe(messageOf([other, task]).id);
    expect(messageOf([task, other]).id).not.toBe(messageOf([task, { ...task, id: 'third' }]).id);
  });

  it('says how many lines it leaves out, and carries all of them', () => {
    const [[task]] = newsAt(asked) as [[Notification]];
    const { title, lines, notifications } = messageOf(
      Array.from({ length: 60 }, (_, id) => ({ ...task, id: `${id}` })),
    );
    expect(title).toBe('keyturn: 60 task');
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('and 10 more: keyturn tasks, keyturn status');
    expect(notifications).toHaveLength(60);
  });
});

it('a record with as much as it can hold of this stays small', () => {
  const names = Array.from({ length: 36 }, (_, index) => `${index < 12 ? 'notifiers' : 'hooks'}/name-${index}`);
  const busy = aRecord({
    roles: { current: aGeneration(3, 'promoted'), previous: [aGeneration(2, 'deletionAsked')] },
    history: [finished(0, T()), finished(1, T())],
  });
  const marked = names.reduce((record, name) => {
    const wants = name.startsWith('hooks') ? only('rotated') : all;
    const [news, delivered] = [newsAt(busy, T(HOUR)), pendingAt(busy, T(HOUR), wants)];
    return markedIn(record, name, { news, endings: [], delivered, now: new Date(T(HOUR)) });
  }, busy);
  expect(JSON.stringify(marked.told).length).toBeLessThan(6 * 1024);
});
