import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key, Waiver } from '../../src/core/policy.ts';
import { compareAllowlists } from '../../src/core/policy-diff/addresses.ts';
import { beyond, type Range, sizeOf } from '../../src/core/policy-diff/ranges.ts';
import { compared, type PolicyDiff, policyDiff } from '../../src/core/policy-diff.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { aGeneration, aKey, aRecord, DAY, HOUR, someCapabilities, T } from '../build.ts';

const now = new Date(T());

interface Sides {
  before?: Key[];
  after?: Key[];
  waivers?: [Waiver[], Waiver[]];
  record?: KeyRecord;
}

function diffOf({ before = [aKey()], after = [aKey()], waivers = [[], []], record }: Sides): PolicyDiff {
  const comparison = compared({ keys: before, waivers: waivers[0] }, { keys: after, waivers: waivers[1] });
  return policyDiff(comparison, {
    records: new Map(record ? [[record.key, record]] : []),
    capabilities: () => someCapabilities(),
    now,
  });
}

const said = ({ keys, waivers }: PolicyDiff): string[] => [
  ...keys.flatMap(({ key, changes }) => changes.map(({ effect, message }) => `${effect} ${key}: ${message}`)),
  ...waivers.map(({ effect, message }) => `${effect} ${message}`),
];

const aFreeze = (from: string, to: string) => ({ from, to, reason: 'audit' });
const frozen = (...freezes: ReturnType<typeof aFreeze>[]) => [aKey({ schedule: { freezes } })];
const KEY = 'binance-main/spot';
const aWaiver = (until: string, changes: Partial<Waiver> = {}): Waiver => ({
  rule: 'owner',
  key: KEY,
  reason: 'soon',
  until,
  source: { file: 'policies/a.yaml', line: 1 },
  ...changes,
});

const MEANS: Record<string, Sides & { says: string[] }> = {
  'nothing, where only places differ': {
    after: [aKey({ source: { file: 'policies/other.yaml', line: 9 } })],
    says: [],
  },
  'nothing, where permissions are written in another order': {
    after: [aKey({ permissions: ['spot-trade', 'read'] })],
    says: [],
  },
  'a longer time to register is relaxed': {
    after: [aKey({ schedule: { registerWithin: 4 * DAY } })],
    says: ['relaxed binance-main/spot: registerWithin 3d → 4d (1d longer)'],
  },
  'a longer lead is neither': {
    after: [aKey({ schedule: { lead: 7 * DAY } })],
    says: ['neutral binance-main/spot: lead 5d → 7d'],
  },
  'a permission for another': {
    after: [aKey({ permissions: ['read', 'margin'] })],
    says: ['relaxed binance-main/spot: may also margin', 'tightened binance-main/spot: may no longer spot-trade'],
  },
  'a passphrase that moves into another store, and from there to a third': {
    before: [aKey(), aKey({ id: 'a/b', passphrase: { store: 'aws' } })],
    after: [aKey({ passphrase: { store: 'aws' } }), aKey({ id: 'a/b', passphrase: { store: 'vault' } })],
    says: [
      'tightened binance-main/spot: the private half is encrypted under a passphrase in store aws (was encrypted under a passphrase beside it)',
      'neutral a/b: the private half is encrypted under a passphrase in store vault (was encrypted under a passphrase in store aws)',
    ],
  },
  'a passphrase beside the key again': {
    before: [aKey({ passphrase: { store: 'aws' } })],
    says: [
      'relaxed binance-main/spot: the private half is encrypted under a passphrase beside it (was encrypted under a passphrase in store aws)',
    ],
  },
  'nobody left to answer for it': {
    after: [aKey({ owner: null })],
    says: ['relaxed binance-main/spot: owner desk-a → nobody'],
  },
  'another store': {
    after: [aKey({ store: 'vault' })],
    says: ['neutral binance-main/spot: store local → vault; keyturn holds still until the record is moved there'],
  },
  'a freeze that is over is no freeze': {
    before: frozen(),
    after: frozen(aFreeze('2026-05-01', '2026-05-31')),
    says: [],
  },
  'of a freeze that has begun only the rest counts': {
    before: frozen(),
    after: frozen(aFreeze('2026-05-20', '2026-06-02')),
    says: ['relaxed binance-main/spot: frozen for 2 days more: 2026-05-20 to 2026-06-02, audit'],
  },
  'a freeze in two parts is the same freeze': {
    before: frozen(aFreeze('2026-07-01', '2026-07-09')),
    after: frozen(aFreeze('2026-07-05', '2026-07-09'), aFreeze('2026-07-01', '2026-07-06')),
    says: [],
  },
  'a freeze to the end of time': {
    before: frozen(),
    after: frozen(aFreeze('2026-07-01', '9999-12-31')),
    says: [expect.stringMatching(/frozen for 2912\d{3} days more/)],
  },
  'a renamed key whose new name another key had': {
    before: [aKey(), aKey({ id: 'binance-main/tax', name: 'tax', application: 'tax' })],
    after: [
      aKey({ id: 'binance-main/tax', name: 'tax', storedAs: KEY }),
      aKey({ id: 'binance-main/x', name: 'x', application: 'x' }),
    ],
    says: [
      'relaxed binance-main/tax: the record at binance-main/tax is no longer covered: it is looked for at binance-main/spot',
      'neutral binance-main/tax: application tax → market-maker',
      'neutral binance-main/x: a new key: x may read, spot-trade from 203.0.113.7',
      'relaxed binance-main/spot: no longer covered: it is neither rotated nor deleted, and lives on at the venue',
    ],
  },
  'a waiver that has expired is none': { waivers: [[aWaiver('2026-05-31')], []], says: [] },
  'an expired waiver renewed': {
    waivers: [[aWaiver('2026-05-31')], [aWaiver('2026-06-30')]],
    says: ['relaxed owner for binance-main/spot waived until 2026-06-30: soon'],
  },
  'a waiver shortened, and one for another reason': {
    waivers: [
      [aWaiver('2026-08-31'), aWaiver('2026-08-31', { rule: 'passphrase' })],
      [aWaiver('2026-07-31'), aWaiver('2026-08-31', { rule: 'passphrase', reason: 'later' })],
    ],
    says: [
      'tightened owner for binance-main/spot waived shorter, 2026-08-31 → 2026-07-31',
      'neutral passphrase for binance-main/spot waived for another reason: later',
    ],
  },
  'a waiver that goes along with a renamed key': {
    after: [aKey({ id: 'binance-main/new', name: 'new', storedAs: KEY })],
    waivers: [[aWaiver('2026-08-31')], [aWaiver('2026-08-31', { key: 'binance-main/new' })]],
    says: ['neutral binance-main/new: renamed from spot; record and material stay'],
  },
};

describe('an edit means', () => {
  it.each(Object.entries(MEANS))('%s', (_, { says, ...sides }) => {
    expect(said(diffOf(sides))).toEqual(says);
  });
});

describe('dates', () => {
  const after = [aKey({ rotateEvery: 45 * DAY })];
  const bornDaysAgo = (days: number, roles: object = {}) =>
    aRecord({ key: KEY, roles: { current: aGeneration(1, 'promoted', { at: T(-days * DAY) }), ...roles } });

  it('are those of the record', () => {
    const [key] = diffOf({ after, record: bornDaysAgo(10) }).keys;
    expect(key).toMatchObject({ from: 'record', dueLater: 15 * DAY, dueNow: false });
    expect(key?.dates[0]).toEqual({ what: 'due', before: new Date(T(20 * DAY)), after: new Date(T(35 * DAY)) });
  });

  it('are not known without one; by how much they move is', () =>
    expect(diffOf({ after }).keys).toMatchObject([{ from: 'policies', dueLater: 15 * DAY, dates: [], dueNow: false }]));

  it('do not move for a compromised key, which is due whatever its interval is', () => {
    const compromised = { at: T(-HOUR), by: 'a', reason: 'leaked' };
    const record = aRecord({ key: KEY, roles: { current: aGeneration(1, 'promoted', { compromised }) } });
    expect(diffOf({ after, record }).keys).toMatchObject([{ from: 'record', dueLater: 0, dates: [] }]);
  });

  it('let a key fall due at once, unless its rotation is under way', () => {
    const sides = { before: after, after: [aKey({ rotateEvery: 30 * DAY })] };
    expect(diffOf({ ...sides, record: bornDaysAgo(31) }).keys).toMatchObject([{ dueNow: true }]);
    const next = aGeneration(2, 'asked', { at: T(-DAY) });
    expect(diffOf({ ...sides, record: bornDaysAgo(31, { next }) }).keys).toMatchObject([{ dueNow: false }]);
  });
});

it('people have as many tasks as venues leave to them', () => {
  const comparison = compared(
    { keys: [aKey(), aKey({ id: 'a/api', venue: 'api', owner: 'desk-b' })], waivers: [] },
    { keys: [aKey({ owner: 'desk-b' }), aKey({ id: 'a/api', venue: 'api', owner: 'desk-b' })], waivers: [] },
  );
  const { people } = policyDiff(comparison, {
    records: new Map(),
    capabilities: (venue) => someCapabilities(venue === 'api' ? { registering: 'api', deleting: 'api' } : {}),
    now,
  });
  expect(people).toEqual([
    { owner: 'desk-a', keys: { before: 1, after: 0 }, tasks: { before: 6.1, after: 0 } },
    { owner: 'desk-b', keys: { before: 1, after: 2 }, tasks: { before: 0, after: 6.1 } },
  ]);
});

describe('addresses', () => {
  it.each<[string, string[], string[], string[]]>([
    ['an entry inside another is nothing new', ['203.0.113.0/24'], ['203.0.113.0/24', '203.0.113.7'], []],
    ['host bits do not matter', ['203.0.113.7/24'], ['203.0.113.0/24'], []],
    ['IPv6 in two spellings', ['2001:db8::1'], ['2001:DB8:0::1'], []],
    [
      'IPv4 is not IPv6',
      ['0.0.0.1'],
      ['::1'],
      ['relaxed also works from ::1 (1 address)', 'tightened no longer works from 0.0.0.1 (1 address)'],
    ],
    [
      'a whole IPv6 network',
      ['::1'],
      ['::1', '2001:db8::/64'],
      ['relaxed also works from 2001:db8::/64 (over a million addresses)'],
    ],
    [
      'what cannot be read, as written',
      ['a', 'b'],
      ['b', 'c'],
      ['relaxed also works from c', 'tightened no longer works from a'],
    ],
    ['none at all', ['203.0.113.7'], [], ['relaxed works from anywhere']],
    ['some where there were none', [], ['203.0.113.7'], ['tightened works only from 203.0.113.7']],
  ])('%s', (_, before, after, expected) => {
    expect(compareAllowlists(before, after).map(({ effect, message }) => `${effect} ${message}`)).toEqual(expected);
  });

  it('ranges hold what sets of numbers hold', () => {
    const range = fc
      .tuple(fc.nat(40), fc.nat(12))
      .map(([from, length]): Range => ({ first: BigInt(from), last: BigInt(from + length) }));
    const members = (ranges: readonly Range[]) =>
      new Set(
        ranges.flatMap(({ first, last }) =>
          Array.from({ length: Number(last - first) + 1 }, (_, n) => Number(first) + n),
        ),
      );
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), fc.array(range, { maxLength: 6 }), (these, those) => {
        const [have, without] = [members(these), members(those)];
        const left = beyond(these, those);
        expect([...members(left)].sort((a, b) => a - b)).toEqual(
          [...have].filter((n) => !without.has(n)).sort((a, b) => a - b),
        );
        expect(sizeOf(left)).toBe(BigInt(members(left).size));
      }),
    );
  });
});
