import * as fc from 'fast-check';
import { ACTIONS, type Attempt, type Snapshot } from '../../src/core/decide.ts';
import { observe } from '../../src/core/evidence.ts';
import { ALGORITHMS } from '../../src/core/policy.ts';
import { emptyRecord, type Generation, type KeyRecord } from '../../src/core/record.ts';
import { aSnapshot, DAY } from '../build.ts';
import { anInstant, anyKey, anyText } from './arbitrary-policies.ts';

/** Arbitrary records, and all that a decision is made of. */

const aHash = fc.stringMatching(/^[0-9a-f]{64}$/);

const anEntry = fc.record({
  at: anInstant,
  event: anyText,
  by: anyText,
  detail: fc.dictionary(
    anyText.filter((name) => name !== '__proto__'),
    fc.oneof(anyText, fc.integer(), fc.boolean(), fc.array(anyText, { maxLength: 2 })),
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
      publicKey: sometimes(anyText),
      fingerprint: sometimes(aHash),
      apiKey: sometimes(fc.string({ maxLength: 64 })),
      discardedApiKeys: sometimes(fc.array(anyText, { maxLength: 2 })),
      findings: sometimes(
        fc.array(fc.record({ code: anyText, switch: fc.option(anyText), message: anyText }), { maxLength: 2 }),
      ),
      findingsSince: sometimes(anInstant),
      allowlist: sometimes(fc.constantFrom('proven', 'unproven')),
      compromised: sometimes(fc.record({ at: anInstant, by: anyText, reason: anyText })),
      baseline: sometimes(fc.record({ at: anInstant, answers: fc.array(anyText, { maxLength: 2 }) })),
      probe: sometimes(
        fc.record({ at: anInstant, verdict: fc.constantFrom('alive', 'dead', 'inconclusive'), reason: anyText }),
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
        accountUid: sometimes(anyText),
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
        claim: sometimes(fc.record({ by: anyText, nonce: fc.uuid(), until: anInstant })),
        request: sometimes(fc.record({ at: anInstant, by: anyText, reason: anyText })),
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
  message: anyText,
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
