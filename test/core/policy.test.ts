import { describe, expect, it } from 'vitest';
import { baseOf, contains, formatNetwork, parseNetwork } from '../../src/core/address.ts';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { legiblePolicy } from '../../src/core/legible.ts';
import { isInForce } from '../../src/core/policy.ts';
import { PolicyFile } from '../../src/core/policy-schema.ts';
import { keysOf, resolvePolicy } from '../../src/core/resolve-policy.ts';
import { policyJsonSchema } from '../../src/json-schemas.ts';
import { DAY, HOUR } from '../build.ts';

const aFile = (changes: object = {}) => ({
  apiVersion: 'keyturn/v1',
  account: 'binance-main',
  venue: 'binance',
  keys: [anEntry()],
  ...changes,
});

const anEntry = (changes: object = {}) => ({
  name: 'spot',
  application: 'market-maker',
  purpose: 'spot-trading',
  rotateEvery: '30d',
  ...changes,
});

const LINES = { file: 'policies/a.yaml', keys: [5, 9], waivers: [20] };
const resolved = (file: object) => keysOf(resolvePolicy(PolicyFile.parse(file), LINES));
const draft = (file: unknown) => resolvePolicy(legiblePolicy(file), LINES).keys[0];

describe('a key as the rest of keyturn sees it', () => {
  it('has the built-in settings where nobody says otherwise', () => {
    expect(resolved(aFile())).toEqual([
      {
        id: 'binance-main/spot',
        account: 'binance-main',
        name: 'spot',
        storedAs: 'binance-main/spot',
        application: 'market-maker',
        purpose: 'spot-trading',
        permissions: ['read', 'spot-trade'],
        owner: null,
        venue: 'binance',
        store: 'local',
        algorithm: 'rsa-2048',
        ipAllowlist: [],
        passphrase: 'required',
        rotateEvery: 30 * DAY,
        schedule: {
          lead: 5 * DAY,
          registerWithin: 3 * DAY,
          overlap: DAY,
          revokeWithin: 2 * DAY,
          windows: [],
          freezes: [],
          onMissedWindow: 'act',
        },
        source: { file: 'policies/a.yaml', line: 5 },
      },
    ]);
  });

  it('takes what its file says for all, and its own over that, schedules field by field', () => {
    const [first, second] = resolved(
      aFile({
        defaults: {
          algorithm: 'ed25519',
          ipAllowlist: ['203.0.113.7'],
          schedule: { lead: '1w', overlap: '36h', onMissedWindow: 'wait' },
        },
        keys: [anEntry(), anEntry({ name: 'tax', purpose: 'tax-data', ipAllowlist: [], schedule: { overlap: '5s' } })],
      }),
    );
    expect(first).toMatchObject({ algorithm: 'ed25519', ipAllowlist: ['203.0.113.7'] });
    expect(first?.schedule).toMatchObject({ lead: 7 * DAY, overlap: 36 * HOUR, registerWithin: 3 * DAY });
    expect(second).toMatchObject({ algorithm: 'ed25519', ipAllowlist: [], source: { line: 9 } });
    expect(second?.schedule).toMatchObject({ lead: 7 * DAY, overlap: 5, onMissedWindow: 'wait' });
  });

  it('keeps its record under its first name', () => {
    expect(resolved(aFile({ keys: [anEntry({ formerly: 'mm' })] }))[0]).toMatchObject({
      id: 'binance-main/spot',
      storedAs: 'binance-main/mm',
    });
  });

  it('may have a purpose of the file’s own', () => {
    const file = aFile({
      purposes: { payouts: { permissions: ['read', 'withdraw'] } },
      keys: [anEntry({ purpose: 'payouts' })],
    });
    expect(resolved(file)[0]?.permissions).toEqual(['read', 'withdraw']);
  });
});

describe('what can be read beside a mistake', () => {
  it('is everything but the field that is wrong', () => {
    const key = draft(aFile({ keys: [anEntry({ rotateEvery: '30', owner: 'desk-a' })] }));
    expect(key).toMatchObject({ owner: 'desk-a', name: 'spot', rotateEvery: undefined });
  });

  it('is not what stands below a setting that is wrong', () => {
    const key = draft(aFile({ keys: [anEntry({ algorithm: 'rsa', schedule: { lead: 5, overlap: '2h' } })] }));
    expect(key).toMatchObject({ algorithm: undefined, schedule: { lead: undefined, overlap: 2 * HOUR } });
  });

  it('is the rest of a file whose defaults, purposes or waivers are no such thing', () => {
    const policy = resolvePolicy(legiblePolicy(aFile({ defaults: 5, purposes: [], waivers: [{}] })), LINES);
    expect(policy).toMatchObject({ account: 'binance-main', purposes: undefined, waivers: [null] });
    expect(policy.keys[0]).toMatchObject({ name: 'spot', algorithm: undefined, permissions: undefined });
  });

  it('is nothing in what is no policy', () => {
    for (const value of [undefined, null, 5, 'text', [], { keys: {} }, { keys: [null, 5, 'x', []] }]) {
      expect(keysOf(resolvePolicy(legiblePolicy(value), LINES))).toEqual([]);
    }
  });
});

describe('durations', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['36h', 36 * HOUR],
    ['5d', 5 * DAY],
    ['2w', 14 * DAY],
    ['0s', 0],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '5', 'd', '5 d', '-5d', '1.5h', '5D', '1h30m', '99999999s', '5d\n'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, '0s'],
    [5, '5s'],
    [5400, '1h 30m'],
    [36 * HOUR, '36h'],
    [DAY, '1d'],
    [5 * DAY, '5d'],
    [2 * DAY + 5 * HOUR + 60, '2d 5h'],
    [60.4, '1m'],
  ])('%d seconds are shown as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('addresses', () => {
  it.each([
    '203.0.113.7',
    '0.0.0.0',
    '203.0.113.0/28',
    '2001:db8::1',
    '::',
    '::1',
    '1::',
    '2001:db8::/64',
    '::ffff:203.0.113.7',
    '1:2:3:4:5:6:7:8',
    'FE80::AbCd',
  ])('%s is one', (text) => {
    expect(parseNetwork(text)).not.toBeNull();
  });

  it.each([
    '',
    'localhost',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.07',
    '203.0.113.7/33',
    '203.0.113.7/',
    ' 203.0.113.7',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    ':1',
    '12345::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '2001:db8::/129',
  ])('%j is none', (text) => {
    expect(parseNetwork(text)).toBeNull();
  });

  it('belong to networks of their own kind', () => {
    const holds = (network: string, address: string) => {
      const [a, b] = [parseNetwork(network), parseNetwork(address)];
      return a !== null && b !== null && contains(a, b);
    };
    expect(holds('203.0.113.0/28', '203.0.113.15')).toBe(true);
    expect(holds('203.0.113.0/28', '203.0.113.16')).toBe(false);
    expect(holds('2001:db8::/64', '2001:db8::ffff')).toBe(true);
    expect(holds('::/0', '203.0.113.7')).toBe(false);
  });

  it('have a base without host bits', () => {
    const base = (text: string) => {
      const network = parseNetwork(text);
      return network && formatNetwork(baseOf(network));
    };
    expect(base('203.0.113.77/28')).toBe('203.0.113.64/28');
    expect(base('2001:db8::1:2:3:4/64')).toBe('2001:db8:0:0:0:0:0:0/64');
    expect(base('203.0.113.77')).toBe('203.0.113.77');
  });
});

it('a waiver counts up to the end of its last day in UTC', () => {
  expect(isInForce({ until: '2026-11-24' }, new Date('2026-11-24T23:59:59.999Z'))).toBe(true);
  expect(isInForce({ until: '2026-11-24' }, new Date('2026-11-25T00:00:00Z'))).toBe(false);
});

it('the JSON Schema describes every field and refers to no host', () => {
  const schema = policyJsonSchema();
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: expect.stringMatching(/^urn:/),
    title: expect.any(String),
    additionalProperties: false,
  });
  const undescribed: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      if (name === 'properties') {
        for (const [field, property] of Object.entries(value)) {
          const own = property as { description?: string; $ref?: string };
          const definitions = schema.$defs as Record<string, { description?: string }>;
          if (!own.description && !definitions[own.$ref?.split('/').at(-1) ?? '']?.description)
            undescribed.push(`${path}.${field}`);
        }
      }
      visit(value, `${path}.${name}`);
    }
  };
  visit(schema, '');
  expect(undescribed).toEqual([]);
});
