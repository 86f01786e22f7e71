import * as fc from 'fast-check';
import { ALGORITHMS, type Key, PERMISSIONS, type Schedule, WEEKDAYS } from '../../src/core/policy.ts';
import { aKey, DAY } from '../build.ts';

/** Arbitrary instants, keys as decisions see them, and policies as people write them. */

export const anInstant = fc
  .date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

export const anyText = fc.string({ unit: 'grapheme', maxLength: 30 });
const aTime = fc.nat(23 * 60 + 59).map((minutes) => `${two(minutes / 60)}:${two(minutes % 60)}`);
const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
const days = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * DAY);

const aWindow = fc
  .record({
    days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
    hours: fc.uniqueArray(aTime, { minLength: 2, maxLength: 2 }).map((both) => both.sort()),
    timeZone: fc.constantFrom('UTC', 'Europe/London', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'),
  })
  .map(({ hours: [from = '', to = ''], ...rest }) => ({ ...rest, from, to }));

const aFreeze = fc
  .tuple(anInstant, days(0, 60))
  .map(([from, length]) => ({ from: from.slice(0, 10), to: later(from, length).slice(0, 10), reason: 'quiet' }));

const later = (instant: string, seconds: number): string =>
  new Date(Date.parse(instant) + seconds * 1000).toISOString();

const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  lead: fc.oneof(days(0, 29), fc.nat(DAY)),
  registerWithin: fc.oneof(days(0, 10), fc.nat(DAY)),
  overlap: fc.oneof(days(0, 10), fc.nat(DAY)),
  revokeWithin: fc.oneof(days(0, 10), fc.nat(DAY)),
  windows: fc.array(aWindow, { maxLength: 2 }),
  freezes: fc.array(aFreeze, { maxLength: 2 }),
  onMissedWindow: fc.constantFrom('act', 'wait'),
});

export const anyKey: fc.Arbitrary<Key> = fc
  .record({
    name: fc.stringMatching(/^[a-z0-9]{1,12}$/),
    account: fc.constantFrom('a', 'b'),
    permissions: fc.subarray([...PERMISSIONS], { minLength: 1 }),
    owner: fc.option(anyText),
    algorithm: fc.constantFrom(...ALGORITHMS),
    ipAllowlist: fc.array(fc.ipV4(), { maxLength: 3 }),
    passphrase: fc.constantFrom('required' as const, 'none' as const),
    rotateEvery: days(30, 90),
    schedule: anySchedule,
  })
  .map(({ name, account, ...rest }) => aKey({ id: `${account}/${name}`, name, account, ...rest }));

const aName = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,10}[a-z0-9])?$/);
const aText = fc
  .stringMatching(/^[!-~\u00a1-\uffef]([ -~\u00a0-\uffef]{0,30}[!-~\u00a1-\uffef])?$/)
  .filter((text) => !/PRIVATE KEY|[A-Za-z0-9+/]{20}/.test(text));
const aDuration = fc
  .tuple(fc.nat(999), fc.constantFrom('s', 'm', 'h', 'd', 'w'))
  .map(([count, unit]) => `${count}${unit}`);

const settings = {
  algorithm: fc.constantFrom(...ALGORITHMS),
  ipAllowlist: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 3 }),
  passphrase: fc.constantFrom('required', 'none'),
  schedule: fc.record(
    {
      lead: aDuration,
      registerWithin: aDuration,
      overlap: aDuration,
      revokeWithin: aDuration,
      windows: fc.array(aWindow, { maxLength: 2 }),
      freezes: fc.array(aFreeze, { maxLength: 2 }),
      onMissedWindow: fc.constantFrom('act', 'wait'),
    },
    { requiredKeys: [] },
  ),
};

/** The data of a valid file. */
export const aPolicy = fc.record(
  {
    apiVersion: fc.constant('keyturn/v1'),
    account: aName,
    venue: aName,
    store: aName,
    purposes: fc.dictionary(
      aName.map((name) => `own-${name}`),
      fc.record({ permissions: fc.subarray([...PERMISSIONS], { minLength: 1 }) }),
      { maxKeys: 2, noNullPrototype: true },
    ),
    defaults: fc.record(settings, { requiredKeys: [] }),
    keys: fc.array(
      fc.record(
        {
          name: aName,
          application: aText,
          purpose: aName,
          rotateEvery: fc.integer({ min: 30, max: 90 }).map((days) => `${days}d`),
          owner: aText,
          ...settings,
        },
        { requiredKeys: ['name', 'application', 'purpose', 'rotateEvery'] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    waivers: fc.array(
      fc.record({ rule: aName, key: aName, reason: aText, until: anInstant.map((instant) => instant.slice(0, 10)) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['apiVersion', 'account', 'venue', 'keys'], noNullPrototype: true },
);
