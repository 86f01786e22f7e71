import { describe, expect, it } from 'vitest';
import { type Action, type Decision, decide, type Snapshot } from '../../src/core/decide.ts';
import type { Reason } from '../../src/core/reasons.ts';
import { aGeneration, aKey, aRecord, aSnapshot, DAY, HOUR, someCapabilities, T, withInstants } from '../build.ts';

/** Reading the sentences is reading the specification. */
interface Row {
  given: Partial<Omit<Snapshot, 'now'>> & { at?: string };
  action: Action | null;
  reason: Reason;
  generation?: number | null;
  notBefore?: string;
  says?: RegExp;
}

const LEAK = { at: T(DAY), by: 'ops@desk', reason: 'laptop stolen' };
const current = aGeneration(7, 'promoted');
const previous = withInstants(aGeneration(7, 'superseded'), { superseded: T(DAY) });
const successor = aGeneration(8, 'promoted', { at: T(DAY) });
const asked = withInstants(previous, { deletionAsked: T(2 * DAY) });
const officeHours = { windows: [{ days: ['mon' as const], from: '13:00', to: '14:00', timeZone: 'Etc/UTC' }] };
const due = T(30 * DAY);

const ROWS: Record<string, Row> = {
  // The first generation
  'a key without record is generated at once': {
    given: {},
    action: 'generate',
    reason: 'first-generation',
    generation: 1,
    notBefore: T(),
  },
  'a key without record waits for its window': {
    given: { key: aKey({ schedule: officeHours }) },
    action: null,
    reason: 'outside-window',
    generation: 1,
    notBefore: T(HOUR),
  },
  'a key without record holds still on a full account': {
    given: { room: false },
    action: null,
    reason: 'venue-limit',
    says: /30/,
  },
  'a first generation that works becomes current': {
    given: { record: aRecord({ roles: { next: aGeneration(1, 'verified') } }) },
    action: 'promote',
    reason: 'verified',
    generation: 1,
  },

  // Unknown is not absent
  'an unreadable record holds still': {
    given: { hold: { reason: 'record-unreadable', message: 'no answer' } },
    action: null,
    reason: 'record-unreadable',
    says: /no answer/,
  },
  'a claim of another worker holds still': {
    given: { record: aRecord({ roles: { current }, claim: { by: 'pod-2', nonce: 'n', until: T(60) } }), at: T(100) },
    action: null,
    reason: 'claimed',
    says: /pod-2/,
  },
  'a claim is over after its end and the margin': {
    given: {
      record: aRecord({
        roles: { next: aGeneration(1, 'generated') },
        claim: { by: 'pod-2', nonce: 'n', until: T(60) },
      }),
      at: T(181),
    },
    action: 'generate',
    reason: 'generation-unfinished',
    generation: 1,
  },

  // Due
  'a young key waits': {
    given: { record: aRecord({ roles: { current } }), at: T(DAY) },
    action: null,
    reason: 'not-due',
    generation: 7,
  },
  'a key inside its lead time is generated': {
    given: { record: aRecord({ roles: { current } }), at: T(28 * DAY) },
    action: 'generate',
    reason: 'due',
    generation: 8,
  },
  'a key is not generated before its lead time': {
    given: { record: aRecord({ roles: { current } }), at: T(24 * DAY) },
    action: null,
    reason: 'not-due',
  },
  'the venue’s creation time counts where it is known': {
    given: {
      record: aRecord({ roles: { current: withInstants(current, { created: T(10 * DAY) }) } }),
      at: T(29 * DAY),
    },
    action: null,
    reason: 'not-due',
  },
  'a due key waits for its window': {
    given: { key: aKey({ schedule: officeHours }), record: aRecord({ roles: { current } }), at: T(29 * DAY) },
    action: null,
    reason: 'outside-window',
  },
  'a due key whose window has passed waits for the next one, not for the one that passed': {
    given: {
      key: aKey({ schedule: { ...officeHours, lead: 3 * DAY, registerWithin: 3 * DAY } }),
      record: aRecord({ roles: { current } }),
      at: T(28 * DAY + 3 * HOUR),
    },
    action: null,
    reason: 'outside-window',
    notBefore: T(35 * DAY + HOUR),
    says: /it starts 2026-07-06 13:00 UTC/,
  },
  'a key whose lead time had no window is generated at its due date': {
    given: { key: aKey({ schedule: { ...officeHours, lead: DAY } }), record: aRecord({ roles: { current } }), at: due },
    action: 'generate',
    reason: 'missed-window',
  },
  'a key whose lead time had no window waits when told to': {
    given: {
      key: aKey({ schedule: { ...officeHours, lead: DAY, onMissedWindow: 'wait' } }),
      record: aRecord({ roles: { current } }),
      at: due,
    },
    action: null,
    reason: 'outside-window',
  },
  'a due key holds still on a full account': {
    given: { record: aRecord({ roles: { current } }), at: due, room: false },
    action: null,
    reason: 'venue-limit',
  },
  'a requested rotation starts at once': {
    given: { record: aRecord({ roles: { current }, request: { at: T(DAY), by: 'ops', reason: 'drill' } }), at: T(DAY) },
    action: 'generate',
    reason: 'requested',
    says: /ops asked for it: drill/,
  },
  'a rotation requested by a clock that is ahead starts at once, too': {
    given: {
      record: aRecord({ roles: { current }, request: { at: T(2 * DAY), by: 'ops', reason: 'drill' } }),
      at: T(DAY),
    },
    action: 'generate',
    reason: 'requested',
  },
  'a request does not put off what is due': {
    given: {
      key: aKey({ schedule: { ...officeHours, lead: DAY } }),
      record: aRecord({ roles: { current }, request: { at: T(29.5 * DAY), by: 'ops', reason: 'drill' } }),
      at: due,
    },
    action: 'generate',
    reason: 'requested',
    generation: 8,
  },
  'a requested rotation waits for its window': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({ roles: { current }, request: { at: T(DAY), by: 'ops', reason: 'drill' } }),
      at: T(DAY),
    },
    action: null,
    reason: 'outside-window',
  },

  // The next generation
  'a pair that was being made is completed': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'generated') } }) },
    action: 'generate',
    reason: 'generation-unfinished',
    generation: 8,
  },
  'a stored pair is to be registered': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'stored') } }) },
    action: 'register',
    reason: 'not-asked',
    generation: 8,
  },
  'people are not asked outside windows': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({ roles: { current, next: aGeneration(8, 'stored') } }),
    },
    action: null,
    reason: 'outside-window',
  },
  'people are asked once and given time': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'asked') } }), at: T(DAY) },
    action: null,
    reason: 'waiting-for-registration',
  },
  'what a run began to register by API and did not record is still to be done': {
    given: {
      record: aRecord({ roles: { current, next: aGeneration(8, 'asked') } }),
      capabilities: someCapabilities({ registering: 'api' }),
    },
    action: 'register',
    reason: 'not-asked',
    generation: 8,
  },
  'what the API leaves to people waits for them': {
    given: {
      record: aRecord({ roles: { current, next: aGeneration(8, 'asked', { registrationRefused: 'second factor' }) } }),
      capabilities: someCapabilities({ registering: 'api' }),
    },
    action: null,
    reason: 'waiting-for-registration',
  },
  'a registration past its deadline is overdue': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'asked') } }), at: T(4 * DAY) },
    action: null,
    reason: 'registration-overdue',
  },
  'a registered key is verified': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'registered') } }) },
    action: 'verify',
    reason: 'unverified',
    generation: 8,
  },
  'a key with findings is verified again, and the plan says what is wrong': {
    given: {
      record: aRecord({
        roles: {
          current,
          next: aGeneration(8, 'registered', {
            findings: [
              { code: 'permission-excess', switch: 'Enable Withdrawals', message: 'turn off “Enable Withdrawals”' },
            ],
          }),
        },
      }),
    },
    action: 'verify',
    reason: 'unverified',
    says: /turn off “Enable Withdrawals”/,
  },
  'a verification that failed in this pass is not repeated in it': {
    given: {
      record: aRecord({ roles: { current, next: aGeneration(8, 'registered') } }),
      attempts: [{ action: 'verify', generation: 8, reason: 'fix-needed', message: 'turn it off' }],
    },
    action: null,
    reason: 'fix-needed',
  },
  'a verification that failed without a word has a sentence all the same': {
    given: {
      record: aRecord({ roles: { current, next: aGeneration(8, 'registered') } }),
      attempts: [{ action: 'verify', generation: 8, reason: 'network', message: '' }],
    },
    action: null,
    reason: 'network',
    says: /^generation 8 could not be verified$/,
  },
  'a verified key is promoted': {
    given: { record: aRecord({ roles: { current, next: aGeneration(8, 'verified') } }) },
    action: 'promote',
    reason: 'verified',
    generation: 8,
  },
  'a verified key waits for its window': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({ roles: { current, next: aGeneration(8, 'verified') } }),
    },
    action: null,
    reason: 'outside-window',
    notBefore: T(HOUR),
  },
  'a verified key that a freeze holds back is not promised a window': {
    given: {
      key: aKey({ schedule: { freezes: [{ from: '2026-06-01', to: '2026-06-30', reason: 'half year' }] } }),
      record: aRecord({ roles: { current, next: aGeneration(8, 'verified') } }),
    },
    action: null,
    reason: 'outside-window',
    notBefore: T(3 * DAY),
    says: /waits for a window, until 2026-06-04 12:00 UTC at the latest/,
  },
  'a held-back promotion is made after registerWithin, once verified again': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({ roles: { current, next: aGeneration(8, 'verified') } }),
      at: T(3 * DAY),
    },
    action: 'verify',
    reason: 'verification-stale',
  },
  'a promotion that was under way is completed': {
    given: {
      record: aRecord({
        roles: { current, next: aGeneration(8, 'verified') },
        intent: { action: 'promote', generation: 8, at: T() },
      }),
    },
    action: 'promote',
    reason: 'promotion-unfinished',
  },

  // The previous generation
  'both keys live during the overlap': {
    given: { record: aRecord({ roles: { current: successor, previous: [previous] } }), at: T(DAY + HOUR) },
    action: null,
    reason: 'overlap',
    notBefore: T(2 * DAY),
  },
  'deletion is asked for when the overlap ends': {
    given: { record: aRecord({ roles: { current: successor, previous: [previous] } }), at: T(2 * DAY) },
    action: 'revoke',
    reason: 'overlap-ended',
    generation: 7,
  },
  'windows do not hold back deletion': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({ roles: { current: successor, previous: [previous] } }),
      at: T(2 * DAY),
    },
    action: 'revoke',
    reason: 'overlap-ended',
  },
  'a key to be deleted is probed': {
    given: { record: aRecord({ roles: { current: successor, previous: [asked] } }), at: T(2 * DAY) },
    action: 'prove',
    reason: 'deletion-unproven',
    generation: 7,
    says: /is to be deleted by 2026-/,
  },
  'a key that was to be deleted long ago is still probed': {
    given: { record: aRecord({ roles: { current: successor, previous: [asked] } }), at: T(20 * DAY) },
    action: 'prove',
    reason: 'deletion-unproven',
    says: /was to be deleted by 2026-/,
  },
  'a key that still works waits for people': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [asked] } }),
      at: T(2 * DAY),
      attempts: [{ action: 'prove', generation: 7, reason: 'still-works', message: 'it works' }],
    },
    action: null,
    reason: 'waiting-for-deletion',
    says: /^it works; /,
  },
  'and so does one whose probe came to nothing, without a word': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [asked] } }),
      at: T(2 * DAY),
      attempts: [{ action: 'prove', generation: 7, reason: 'network', message: '' }],
    },
    action: null,
    reason: 'waiting-for-deletion',
    says: /^generation 7 is to be deleted; /,
  },
  'a key that still works after its deadline is overdue': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [asked] } }),
      at: T(5 * DAY),
      attempts: [{ action: 'prove', generation: 7, reason: 'still-works', message: 'it works' }],
    },
    action: null,
    reason: 'deletion-overdue',
  },
  'groups lie apart in time': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [{ ...asked, deadGroups: [T(2 * DAY)] }] } }),
      at: T(2 * DAY + 599),
    },
    action: null,
    reason: 'proof-waits',
    notBefore: T(2 * DAY + 600),
  },
  'a second group follows when its time has come': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [{ ...asked, deadGroups: [T(2 * DAY)] }] } }),
      at: T(2 * DAY + 600),
    },
    action: 'prove',
    reason: 'deletion-unproven',
  },
  'what is proven dead is destroyed': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [withInstants(asked, { provenDead: T(3 * DAY) })] } }),
      at: T(3 * DAY),
    },
    action: 'destroy',
    reason: 'proven-dead',
    generation: 7,
  },
  'a debt blocks the next scheduled rotation': {
    given: {
      record: aRecord({ roles: { current: successor, previous: [asked] } }),
      at: T(31 * DAY),
      attempts: [{ action: 'prove', generation: 7, reason: 'still-works', message: 'it works' }],
    },
    action: null,
    reason: 'blocked-by-debt',
  },

  // Compromised
  'a compromised key: deletion is asked for first': {
    given: { record: aRecord({ roles: { current: { ...current, compromised: LEAK } } }), at: T(DAY) },
    action: 'revoke',
    reason: 'compromised',
    generation: 7,
  },
  'a compromised key is replaced in the same pass, whatever the window': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({
        roles: { current: withInstants({ ...current, compromised: LEAK }, { deletionAsked: T(DAY) }) },
      }),
      at: T(DAY),
    },
    action: 'generate',
    reason: 'replacement',
    generation: 8,
  },
  'a debt does not block the replacement of a compromised key': {
    given: {
      record: aRecord({
        roles: {
          current: withInstants({ ...successor, compromised: LEAK }, { deletionAsked: T(DAY) }),
          previous: [previous],
        },
      }),
      at: T(DAY),
    },
    action: 'generate',
    reason: 'replacement',
    generation: 9,
  },
  'proof of a compromised current waits for a live control': {
    given: {
      record: aRecord({
        roles: {
          current: withInstants({ ...current, compromised: LEAK }, { deletionAsked: T(DAY) }),
          next: aGeneration(8, 'asked'),
        },
      }),
      at: T(DAY),
    },
    action: null,
    reason: 'waiting-for-registration',
  },
  'a replacement is promoted outside windows': {
    given: {
      key: aKey({ schedule: officeHours }),
      record: aRecord({
        roles: {
          current: withInstants({ ...current, compromised: LEAK }, { deletionAsked: T() }),
          next: aGeneration(8, 'verified'),
        },
      }),
    },
    action: 'promote',
    reason: 'verified',
  },
  'a next generation given up before anybody saw it is destroyed': {
    given: { record: aRecord({ roles: { current, previous: [aGeneration(8, 'stored', { compromised: LEAK })] } }) },
    action: 'destroy',
    reason: 'never-shown',
    generation: 8,
  },
};

describe('decide', () => {
  it.each(Object.entries(ROWS))('%s', (_sentence, { given, action, reason, generation, notBefore, says }) => {
    const decision: Decision = decide(aSnapshot(given));
    expect({ action: decision.action, reason: decision.reason }).toEqual({ action, reason });
    if (generation !== undefined) expect(decision.generation).toBe(generation);
    if (notBefore !== undefined) expect(decision.notBefore?.toISOString()).toBe(notBefore);
    if (says !== undefined) expect(decision.message).toMatch(says);
  });
});
