import * as fc from 'fast-check';
import { ACTIONS, type Attempt, type Snapshot } from '../../src/core/decide.ts';
import { observe } from '../../src/core/evidence.ts';
import { ALGORITHMS, type Key, PERMISSIONS, type Schedule, WEEKDAYS } from '../../src/core/policy.ts';
import { emptyRecord, type Generation, type KeyRecord } from '../../src/core/record.ts';
import { aKey, aSnapshot, DAY } from '../build.ts';

/** Arbitrary policies, records and clocks. */

export const anInstant = fc
  .date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

const aHash = fc.stringMatching(/^[0-9a-f]{64}$/);
const aText = fc.string({ unit: 'grapheme', maxLength: 30 });
const aTime = fc.nat(23 * 60 + 59).map((minutes) => `${two(minutes / 60)}:${two(minutes % 60)}`);
const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
const days = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * DAY);

export const aWindow = fc
  .record({
    days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
    hours: fc.uniqueArray(aTime, { minLength: 2, maxLength: 2 }).map((both) => both.sort()),
    timeZone: fc.constantFrom('UTC', 'Europe/London', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'),
  })
  .map(({ hours: [from = '', to = ''], ...rest }) => ({ ...rest, from, to }));

export const aFreeze = fc
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
    owner: fc.option(aText),
    algorithm: fc.constantFrom(...ALGORITHMS),
    ipAllowlist: fc.array(fc.ipV4(), { maxLength: 3 }),
    passphrase: fc.constantFrom('required' as const, 'none' as const),
    rotateEvery: days(30, 90),
    schedule: anySchedule,
  })
  .map(({ name, account, ...rest }) => aKey({ id: `${account}/${name}`, name, account, ...rest }));

const anEntry = fc.record({
  at: anInstant,
  event: aText,
  by: aText,
  detail: fc.dictionary(
    aText.filter((name) => name !== '__proto__'),
    fc.oneof(aText, fc.integer(), fc.boolean(), fc.array(aText, { maxLength: 2 })),
    {
      maxKeys: 3,
    },
  ),
});

const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** What fc.record draws with `undefined` for what is not there, without it, as records are stored. */
const stored = <T>(value: object): T => JSON.parse(JSON.stringify(value)) as T;

const milestones = [
  'stored',
  'asked',
  'registered',
  'created',
  'verified',
  'checked',
  'promoted',
  'superseded',
  'deletionAsked',
  'provenDead',
];

/** Anything that its schema accepts, however little sense it makes, under this number. */
const aGenerationOf = (key: string, number: number): fc.Arbitrary<Generation> =>
  fc
    .record({
      algorithm: fc.constantFrom(...ALGORITHMS),
      at: fc.record({
        generated: anInstant,
        ...Object.fromEntries(milestones.map((each) => [each, sometimes(anInstant)])),
      }),
      publicKey: sometimes(aText),
      fingerprint: sometimes(aHash),
      apiKey: sometimes(fc.string({ maxLength: 64 })),
      discardedApiKeys: sometimes(fc.array(aText, { maxLength: 2 })),
      findings: sometimes(
        fc.array(fc.record({ code: aText, switch: fc.option(aText), message: aText }), { maxLength: 2 }),
      ),
      findingsSince: sometimes(anInstant),
      allowlist: sometimes(fc.constantFrom('proven', 'unproven')),
      compromised: sometimes(fc.record({ at: anInstant, by: aText, reason: aText })),
      baseline: sometimes(fc.record({ at: anInstant, answers: fc.array(aText, { maxLength: 2 }) })),
      probe: sometimes(
        fc.record({ at: anInstant, verdict: fc.constantFrom('alive', 'dead', 'inconclusive'), reason: aText }),
      ),
      deadGroups: sometimes(fc.array(anInstant, { maxLength: 3 })),
      observations: fc.array(anEntry, { maxLength: 3 }),
    })
    .map(({ observations, ...rest }) => {
      const fresh = stored<Generation>({ generation: number, ...rest, evidence: [] });
      return observations.reduce((generation, seen) => observe(key, generation, seen), fresh);
    });

/** Any record its schema accepts; the roles may name generations that are not there. */
export const anyRecord = (key: string): fc.Arbitrary<KeyRecord> =>
  fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }).chain((numbers) => {
    const role = fc.option(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...numbers, 5) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 99 }) },
      ),
    );
    return fc
      .record({
        revision: fc.integer({ min: 1, max: 1e6 }),
        writeId: fc.uuid(),
        writtenAt: anInstant,
        accountUid: sometimes(aText),
        generations: fc.tuple(...numbers.sort((a, b) => a - b).map((number) => aGenerationOf(key, number))),
        current: role,
        next: role,
        last: fc.integer({ min: 0, max: 99 }),
        intent: sometimes(
          fc.record({
            action: fc.constantFrom('generate', 'promote', 'destroy'),
            generation: fc.integer({ min: 1, max: 9 }),
            at: anInstant,
          }),
        ),
        claim: sometimes(fc.record({ by: aText, nonce: fc.uuid(), until: anInstant })),
        request: sometimes(fc.record({ at: anInstant, by: aText, reason: aText })),
        history: fc.array(
          fc.record(
            {
              generation: fc.integer({ min: 1, max: 9 }),
              fingerprint: aHash,
              provenDead: anInstant,
              destroyed: anInstant,
              evidence: aHash,
            },
            { requiredKeys: ['generation', 'destroyed', 'evidence'] },
          ),
          { maxLength: 2 },
        ),
        evidenceHead: fc.option(aHash),
      })
      .map((parts) => stored<KeyRecord>({ ...emptyRecord(key), ...parts }));
  });

const anAttempt: fc.Arbitrary<Attempt> = fc.record({
  action: fc.constantFrom(...ACTIONS),
  generation: fc.integer({ min: 1, max: 9 }),
  reason: fc.constantFrom('network' as const, 'fix-needed' as const, 'still-works' as const),
  message: aText,
});

/** Anything planning can meet with. */
export const aSituation: fc.Arbitrary<Snapshot> = anyKey.chain((key) =>
  fc
    .record({
      record: fc.option(anyRecord(key.storedAs), { freq: 8 }),
      now: anInstant,
      claimMargin: fc.nat(600),
      proof: fc.record({ groups: fc.integer({ min: 1, max: 4 }), apart: fc.nat(DAY) }),
      room: fc.boolean(),
      attempts: fc.array(anAttempt, { maxLength: 3 }),
    })
    .map(({ now, ...rest }) => aSnapshot({ key, at: now, ...rest })),
);
