import { describe, expect, it } from 'vitest';
import { legiblePolicy } from '../../src/core/legible.ts';
import type { Waiver } from '../../src/core/policy.ts';
import { resolvePolicy } from '../../src/core/resolve-policy.ts';
import {
  checkAccounts,
  checkPolicy,
  type Finding,
  RULES,
  type Surroundings,
  silencedBy,
} from '../../src/core/rules.ts';
import { someCapabilities } from '../build.ts';

const surroundings: Surroundings = {
  venues: new Map([
    ['binance', { capabilities: someCapabilities(), insideAddress: null }],
    ['inside', { capabilities: someCapabilities(), insideAddress: '198.51.100.9' }],
    [
      'modern',
      {
        capabilities: someCapabilities({ limits: { keysPerAccount: 3, allowlistEntries: 2, ipv6: true } }),
        insideAddress: null,
      },
    ],
    [
      'untied',
      {
        capabilities: someCapabilities({
          title: 'Untied',
          limits: { keysPerAccount: 3, allowlistEntries: 0, ipv6: false },
        }),
        insideAddress: null,
      },
    ],
  ]),
  stores: new Set(['local', 'vault']),
  today: new Date('2026-11-24T12:00:00Z'),
};

const anEntry = (changes: object = {}) => ({
  name: 'spot',
  application: 'market-maker',
  purpose: 'spot-trading',
  rotateEvery: '30d',
  owner: 'desk-a',
  ipAllowlist: ['203.0.113.7'],
  ...changes,
});

const aFile = (changes: object = {}) => ({
  apiVersion: 'keyturn/v1',
  account: 'main',
  venue: 'binance',
  keys: [anEntry()],
  ...changes,
});

/** A file with one key that differs in this. */
const withKey = (changes: object, file: object = {}) => aFile({ keys: [anEntry(changes)], ...file });
const withTiming = (schedule: object, changes: object = {}) => withKey({ schedule, ...changes });
const someKeys = (count: number) =>
  Array.from({ length: count }, (_, place) => anEntry({ name: `key-${place}`, application: `app-${place}` }));

function findingsOf(...files: object[]): Finding[] {
  const policies = files.map((file, place) =>
    resolvePolicy(legiblePolicy(file), { file: `policies/${place}.yaml`, keys: [10, 20, 30], waivers: [] }),
  );
  return [...policies.flatMap((policy) => checkPolicy(policy, surroundings)), ...checkAccounts(policies, surroundings)];
}

const brief = ({ rule, severity, file, key, at, message }: Finding) =>
  `${severity} ${rule} ${file}${key === null ? '' : ` key ${key}`} ${at.join('.')}: ${message}`;

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const aWindow = (days: string[], from = '09:00', to = '16:00') => ({ days, from, to, timeZone: 'Europe/London' });
const payouts = { purposes: { payouts: { permissions: ['read', 'withdraw'] } } };

interface Row {
  files: object[];
  /** Each expected finding: severity, rule, file, key and field, and a part of the message. */
  finds: string[];
}

const QUIET: Record<string, object[]> = {
  'a file as it should be': [aFile()],
  'two files of one account, with different keys': [aFile(), withKey({ name: 'tax', purpose: 'tax-data' })],
  'one application with two purposes': [aFile({ keys: [anEntry(), anEntry({ name: 'tax', purpose: 'tax-data' })] })],
  'one purpose for two applications': [aFile({ keys: [anEntry(), anEntry({ name: 'two', application: 'hedger' })] })],
  'the same key in two accounts': [aFile(), aFile({ account: 'other' })],
  'a renamed key whose old name is free': [withKey({ formerly: 'mm' })],
  'a network of 256 addresses': [withKey({ ipAllowlist: ['203.0.113.0/24'] })],
  'IPv6 where the venue takes it': [withKey({ ipAllowlist: ['2001:db8::/64'] }, { venue: 'modern' })],
  'as many addresses as the venue takes': [
    withKey({ ipAllowlist: Array.from({ length: 30 }, (_, n) => `203.0.113.${n}`) }),
  ],
  'a key that withdraws, alone and with an allowlist': [withKey({ purpose: 'payouts' }, payouts)],
  'a passphrase': [withKey({ passphrase: 'required' })],
  'an algorithm the venue accepts': [withKey({ algorithm: 'ed25519' })],
  'one key less than the venue has room for': [aFile({ keys: someKeys(29) })],
  'a life of 97 days': [withTiming({ overlap: '2d' }, { rotateEvery: '90d' })],
  'a window within every lead': [withTiming({ windows: [aWindow(['mon', 'thu'])] })],
  'a window up to midnight and one from there': [
    withTiming({ lead: '1m', windows: [aWindow(DAYS, '00:00', '12:00'), aWindow(DAYS, '12:00', '24:00')] }),
  ],
  'a freeze as long as lead and registerWithin': [
    withTiming({ freezes: [{ from: '2026-12-24', to: '2026-12-31', reason: 'year end' }] }),
  ],
  'two freezes apart': [
    withTiming({
      freezes: [
        { from: '2026-12-24', to: '2026-12-31', reason: 'year end' },
        { from: '2027-01-02', to: '2027-01-05', reason: 'audit' },
      ],
    }),
  ],
  'an overlap of an hour': [withTiming({ overlap: '1h' })],
  'keyturn’s own address on the list': [withKey({ ipAllowlist: ['198.51.100.0/28'] }, { venue: 'inside' })],
  'a waiver on its last day': [
    aFile({ waivers: [{ rule: 'owner', key: 'spot', reason: 'soon', until: '2026-11-24' }] }),
  ],
  'a waiver for a rule that records decide': [
    aFile({ waivers: [{ rule: 'revocation-debt', key: 'spot', reason: 'venue is closed', until: '2027-01-01' }] }),
  ],
  'a waiver whose key stands in another file of the account': [
    aFile(),
    withKey(
      { name: 'tax', purpose: 'tax-data' },
      { waivers: [{ rule: 'owner', key: 'spot', reason: 'x', until: '2027-01-01' }] },
    ),
  ],
  'a waiver that may name a key of a file that cannot be read': [
    aFile({ waivers: [{ rule: 'owner', key: 'elsewhere', reason: 'x', until: '2027-01-01' }] }),
    {},
  ],
};

const FOUND: Record<string, Row> = {
  'two keys of one name': {
    files: [aFile(), withKey({ purpose: 'tax-data' })],
    finds: ['error unique-key policies/1.yaml key 0 name: spot is already the name of the key at policies/0.yaml:10'],
  },
  'two keys of one application for one purpose': {
    files: [aFile({ keys: [anEntry(), anEntry({ name: 'two' })] })],
    finds: ['error unique-key policies/0.yaml key 1 purpose: market-maker already has a key for spot-trading'],
  },
  'a renamed key whose old name was given to another': {
    files: [aFile({ keys: [anEntry(), anEntry({ name: 'two', application: 'two', formerly: 'spot' })] })],
    finds: [
      'error unique-key policies/0.yaml key 1 formerly: main/spot is already where the key at policies/0.yaml:10',
    ],
  },
  'two files of one account on different venues and stores': {
    files: [aFile(), withKey({ name: 'tax', purpose: 'tax-data' }, { venue: 'modern', store: 'vault' })],
    finds: [
      'error schema policies/1.yaml venue: main is on venue modern',
      'error schema policies/1.yaml store: main is on store vault',
    ],
  },
  'no owner': {
    files: [withKey({ owner: undefined })],
    finds: ['error owner policies/0.yaml key 0 owner: this key has no owner'],
  },
  'a key that trades without an allowlist': {
    files: [withKey({ ipAllowlist: [] })],
    finds: [
      'error ip-allowlist policies/0.yaml key 0 ipAllowlist: whoever gets this key can use it from anywhere (spot-trade)',
    ],
  },
  'a key that only reads without an allowlist': {
    files: [withKey({ ipAllowlist: undefined, purpose: 'tax-data' })],
    finds: ['warning ip-allowlist policies/0.yaml key 0 ipAllowlist: whoever gets this key can read'],
  },
  'entries that are no addresses, too wide, of everybody, or have host bits': {
    files: [withKey({ ipAllowlist: ['gateway', '10.0.0.0/8', '203.0.113.7/28', '203.0.113.7', '0.0.0.0'] })],
    finds: [
      'error allowlist-entry policies/0.yaml key 0 ipAllowlist.0: this is neither an address nor a network',
      'error allowlist-entry policies/0.yaml key 0 ipAllowlist.1: 10.0.0.0/8 is wider than /24',
      'error allowlist-entry policies/0.yaml key 0 ipAllowlist.2: 203.0.113.7/28 has host bits set',
      'error allowlist-entry policies/0.yaml key 0 ipAllowlist.4: 0.0.0.0 is no address anybody comes from; services take it for “every address”',
    ],
  },
  'IPv6 where the venue does not take it': {
    files: [withKey({ ipAllowlist: ['2001:db8::1'] })],
    finds: ['error allowlist-entry policies/0.yaml key 0 ipAllowlist.0: Binance takes no IPv6'],
  },
  'an IPv6 network wider than /64': {
    files: [withKey({ ipAllowlist: ['2001:db8::/48'] }, { venue: 'modern' })],
    finds: ['error allowlist-entry policies/0.yaml key 0 ipAllowlist.0: 2001:db8::/48 is wider than /64'],
  },
  'more entries than the venue takes': {
    files: [withKey({ ipAllowlist: ['203.0.113.1', '203.0.113.2', '203.0.113.3'] }, { venue: 'modern' })],
    finds: ['error allowlist-entry policies/0.yaml key 0 ipAllowlist: 3 entries are more than the 2'],
  },
  'entries where the venue takes none': {
    files: [withKey({ ipAllowlist: ['203.0.113.1'] }, { venue: 'untied' })],
    finds: ['error allowlist-entry policies/0.yaml key 0 ipAllowlist: Untied takes no allowlist'],
  },
  'withdrawing together with trading': {
    files: [
      withKey(
        { purpose: 'all', algorithm: 'ed25519' },
        { purposes: { all: { permissions: ['read', 'withdraw', 'fix-trade'] } } },
      ),
    ],
    finds: ['error withdraw-alone policies/0.yaml key 0 purpose: this key can withdraw and trade (fix-trade)'],
  },
  'withdrawing without an allowlist': {
    files: [withKey({ purpose: 'payouts', ipAllowlist: [] }, payouts)],
    finds: [
      'error ip-allowlist policies/0.yaml key 0 ipAllowlist',
      'error withdraw-allowlist policies/0.yaml key 0 ipAllowlist: whoever gets this key can withdraw from anywhere',
    ],
  },
  'no passphrase': {
    files: [withKey({ passphrase: 'none' })],
    finds: ['error passphrase policies/0.yaml key 0 passphrase: the private key would be stored without'],
  },
  'a permission that other keys have only': {
    files: [withKey({ purpose: 'fix' }, { purposes: { fix: { permissions: ['read', 'fix-trade'] } } })],
    finds: ['error algorithm policies/0.yaml key 0 algorithm: Binance gives fix-trade to ed25519 keys only'],
  },
  'an algorithm the venue does not accept': {
    files: [withKey({ algorithm: 'rsa-3072' })],
    finds: ['error algorithm policies/0.yaml key 0 algorithm: Binance does not accept rsa-3072'],
  },
  'as many keys as the venue has room for, over several files': {
    files: [aFile({ keys: someKeys(29) }), aFile()],
    finds: ['error venue-limit policies/1.yaml key 0 name: 30 keys and one more in overlap are more than the 30'],
  },
  'a life of more than 97 days': {
    files: [withTiming({ overlap: '49h' }, { rotateEvery: '90d' })],
    finds: [
      'error worst-case-life policies/0.yaml key 0 rotateEvery: a generation can live 97d 1h (90d + 3d + 2d 1h + 2d), more than 97d',
    ],
  },
  'no window for longer than the lead': {
    files: [withTiming({ windows: [aWindow(['tue'])] })],
    finds: [
      'warning windows policies/0.yaml key 0 schedule.windows: no window opens for 6d 17h, longer than the lead of 5d',
    ],
  },
  'a freeze longer than lead and registerWithin': {
    files: [withTiming({ freezes: [{ from: '2026-12-24', to: '2027-01-01', reason: 'year end' }] })],
    finds: ['warning freeze policies/0.yaml key 0 schedule.freezes.0: nothing moves for 9d'],
  },
  'freezes that are too long together': {
    files: [
      withTiming({
        freezes: [
          { from: '2027-01-01', to: '2027-01-03', reason: 'audit' },
          { from: '2026-12-24', to: '2026-12-31', reason: 'year end' },
        ],
      }),
    ],
    finds: ['warning freeze policies/0.yaml key 0 schedule.freezes.1: nothing moves for 11d'],
  },
  'an overlap under an hour': {
    files: [withTiming({ overlap: '5s' })],
    finds: ['warning short-overlap policies/0.yaml key 0 schedule.overlap: an overlap of 5s'],
  },
  'an allowlist without keyturn’s own address': {
    files: [aFile({ venue: 'inside' })],
    finds: ['warning probe-egress policies/0.yaml key 0 ipAllowlist: keyturn’s own address 198.51.100.9'],
  },
  'a waiver that expired yesterday': {
    files: [aFile({ waivers: [{ rule: 'owner', key: 'spot', reason: 'x', until: '2026-11-23' }] })],
    finds: ['error waiver policies/0.yaml waivers.0.until: this waiver expired after 2026-11-23'],
  },
  'a waiver of an unknown rule, for an unknown key': {
    files: [aFile({ waivers: [{ rule: 'ownr', key: 'spt', reason: 'x', until: '2027-01-01' }] })],
    finds: [
      'error waiver policies/0.yaml waivers.0.rule: there is no rule ownr',
      'error waiver policies/0.yaml waivers.0.key: main has no key spt',
    ],
  },
  'waivers of what cannot be waived': {
    files: [
      aFile({
        waivers: ['secret-material', 'waiver', 'schema', 'syntax'].map((rule) => ({
          rule,
          key: 'spot',
          reason: 'x',
          until: '2027-01-01',
        })),
      }),
    ],
    finds: [
      'error waiver policies/0.yaml waivers.0.rule: secret-material cannot be waived',
      'error waiver policies/0.yaml waivers.1.rule: waiver cannot be waived',
      'error waiver policies/0.yaml waivers.2.rule: schema cannot be waived',
      'error waiver policies/0.yaml waivers.3.rule: syntax cannot be waived',
    ],
  },
  'a venue and a store nobody defined': {
    files: [aFile({ venue: 'binanse', store: 'vaul' })],
    finds: [
      'error schema policies/0.yaml venue: there is no venue named binanse',
      'error schema policies/0.yaml store: there is no store named vaul',
    ],
  },
  'a purpose nobody defined': {
    files: [withKey({ purpose: 'spot-tradng' })],
    finds: ['error schema policies/0.yaml key 0 purpose: there is no purpose spot-tradng'],
  },
  'a purpose named like something every object has': {
    files: [withKey({ purpose: 'constructor' })],
    finds: ['error schema policies/0.yaml key 0 purpose: there is no purpose constructor'],
  },
  'a lead as long as rotateEvery': {
    files: [withTiming({ lead: '30d' })],
    finds: ['error schema policies/0.yaml key 0 schedule.lead: lead (30d) must be shorter than rotateEvery (30d)'],
  },
  'beside fields that cannot be read, only what the others say': {
    files: [withKey({ owner: undefined, rotateEvery: '30', ipAllowlist: 'x', schedule: { overlap: '5s', lead: 5 } })],
    finds: ['error owner policies/0.yaml key 0 owner', 'warning short-overlap policies/0.yaml key 0 schedule.overlap'],
  },
};

describe('nothing is found in', () => {
  it.each(Object.entries(QUIET))('%s', (_, files) => {
    expect(findingsOf(...files).map(brief)).toEqual([]);
  });
});

describe('found is', () => {
  it.each(Object.entries(FOUND))('%s', (_, { files, finds }) => {
    const found = findingsOf(...files);
    expect(found.map(brief)).toEqual(finds.map((start) => expect.stringContaining(start)));
    for (const { help } of found) expect(help).toMatch(/^\S.*[^.\s]$/);
  });

  it('something for every rule that looks at policies alone', () => {
    const ids = Object.values(FOUND).flatMap(({ finds }) => finds.map((start) => start.split(' ')[1]));
    const elsewhere = ['syntax', 'secret-material', 'revocation-debt'];
    expect(new Set([...ids, ...elsewhere])).toEqual(new Set(Object.keys(RULES)));
  });
});

describe('a waiver silences', () => {
  const aWaiver = (changes: Partial<Waiver> = {}): Waiver => ({
    rule: 'owner',
    key: 'main/spot',
    reason: 'soon',
    until: '2026-11-24',
    source: { file: 'policies/a.yaml', line: 1 },
    ...changes,
  });
  const silences = (waiver: Waiver, rule: string, key: string) => silencedBy([waiver], surroundings.today)(rule, key);

  it.each<[string, boolean, Waiver, string, string]>([
    ['its rule for its key', true, aWaiver(), 'owner', 'main/spot'],
    ['no other rule', false, aWaiver(), 'passphrase', 'main/spot'],
    ['no other key', false, aWaiver(), 'owner', 'main/tax'],
    ['nothing once it expired', false, aWaiver({ until: '2026-11-23' }), 'owner', 'main/spot'],
    ['no secret material', false, aWaiver({ rule: 'secret-material' }), 'secret-material', 'main/spot'],
  ])('%s', (_, expected, waiver, rule, key) => {
    expect(silences(waiver, rule, key)).toBe(expected);
  });
});
