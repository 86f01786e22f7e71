import { describe, expect, it } from 'vitest';
import { documentHash, evidenceDocument, firstBrokenLink, observe } from '../../src/core/evidence.ts';
import { evidenceChain } from '../../src/core/evidence-chain.ts';
import { forecast } from '../../src/core/forecast.ts';
import { planOf } from '../../src/core/plan.ts';
import { KeyRecord, maskApiKey } from '../../src/core/record.ts';
import { renderCard } from '../../src/core/render.ts';
import { phaseOf, statusOf } from '../../src/core/status.ts';
import { tasksOf } from '../../src/core/tasks.ts';
import { aGeneration, aKey, aRecord, aSnapshot, DAY, HOUR, someCapabilities, T, withInstants } from '../build.ts';

const current = aGeneration(7, 'promoted');
const superseded = withInstants(aGeneration(7, 'deletionAsked'), { superseded: T(DAY), deletionAsked: T(2 * DAY) });
const successor = aGeneration(8, 'promoted', { at: T(DAY) });

describe('a record', () => {
  it('is its own parse after render', () => {
    const record = aRecord({ roles: { current: successor, previous: [superseded] } });
    expect(KeyRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });
  it('refuses fields it does not know, so that an older keyturn does not drop them', () => {
    expect(KeyRecord.safeParse({ ...aRecord({ roles: { current } }), surprise: 1 }).success).toBe(false);
  });
  it('masks key ids', () => {
    expect(maskApiKey(`vmPU${'x'.repeat(56)}8X2h`)).toBe('vmPU…8X2h');
    expect(maskApiKey('short')).toBe('…');
  });
});

describe('evidence', () => {
  const seen = (event: string) => ({ at: T(), event, by: 'ops@desk', detail: { answers: ['a', 'b'] } });
  const generation = observe('k', observe('k', aGeneration(7, 'generated'), seen('generated')), seen('verified'));
  it('is an unbroken chain', () => expect(firstBrokenLink('k', 7, generation.evidence)).toBeNull());
  it('belongs to one generation of one key', () => {
    expect(firstBrokenLink('k', 8, generation.evidence)).toBe(0);
    expect(firstBrokenLink('other', 7, generation.evidence)).toBe(0);
  });
  it('shows a changed entry', () => {
    const [first, second] = generation.evidence;
    expect(first && second && firstBrokenLink('k', 7, [{ ...first, by: 'somebody' }, second])).toBe(0);
    expect(second && firstBrokenLink('k', 7, [second])).toBe(0);
  });
  it('closes in a document that names the one before', () => {
    const text = evidenceDocument({ key: 'k', evidenceHead: 'f'.repeat(64) }, generation);
    expect(JSON.parse(text)).toMatchObject({ previousDocument: 'f'.repeat(64), generation: 7 });
    expect(documentHash(text)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('evidence of a key that was carried over', () => {
  const seen = (event: string) => ({ at: T(), event, by: 'ops@desk', detail: {} });
  const begun = observe('k', aGeneration(7, 'promoted'), seen('generated'));
  const carried = { ...begun, formerly: ['k', 'm'] };
  const record = { ...aRecord({ roles: { current: observe('n', carried, seen('carried-over')) } }), key: 'n' };

  it('begins with the name it had when it was made, and goes on', () =>
    expect(evidenceChain(record, new Map())).toMatchObject({ breaks: [], generations: [{ generation: 7, key: 'k' }] }));
  it('is broken where that name is forgotten or another one', () => {
    for (const formerly of [undefined, ['m']]) {
      const generations = record.generations.map(({ formerly: _names, ...each }) => ({
        ...each,
        ...(formerly ? { formerly } : {}),
      }));
      expect(evidenceChain({ ...record, generations }, new Map()).breaks).toMatchObject([{ generation: 7, entry: 0 }]);
    }
  });
  it('closes in a document under that name', () => {
    const document = JSON.parse(evidenceDocument(record, carried));
    expect(document).toMatchObject({ key: 'k', generation: 7 });
    expect(firstBrokenLink(document.key, 7, document.entries)).toBeNull();
  });
});

describe('phase', () => {
  const rows: [string, Parameters<typeof aRecord>[0]['roles'] | null][] = [
    ['none', null],
    ['steady', { current }],
    ['registering', { current, next: aGeneration(8, 'asked') }],
    ['verifying', { current, next: aGeneration(8, 'registered') }],
    ['overlap', { current: successor, previous: [withInstants(aGeneration(7, 'superseded'), {})] }],
    ['revoking', { current: successor, previous: [superseded] }],
    ['proving', { current: successor, previous: [{ ...superseded, deadGroups: [T()] }] }],
    ['compromised', { current: { ...current, compromised: { at: T(), by: 'ops', reason: 'leak' } } }],
  ];
  it.each(rows)('%s', (phase, roles) => expect(phaseOf(roles === null ? null : aRecord({ roles }))).toBe(phase));
});

describe('overdue', () => {
  const overdue = (roles: Parameters<typeof aRecord>[0]['roles'], at: number) =>
    statusOf(aKey(), aRecord({ roles }), someCapabilities(), new Date(T(at))).overdue;
  it('a registration after registerWithin', () => {
    expect(overdue({ current, next: aGeneration(8, 'asked') }, 3 * DAY)).toBe(false);
    expect(overdue({ current, next: aGeneration(8, 'asked') }, 3 * DAY + 1)).toBe(true);
  });
  it('a deletion after overlap and revokeWithin', () => {
    expect(overdue({ current: successor, previous: [superseded] }, 4 * DAY)).toBe(false);
    expect(overdue({ current: successor, previous: [superseded] }, 4 * DAY + 1)).toBe(true);
  });
  it('a due key whose rotation has not begun', () => expect(overdue({ current }, 30 * DAY + 1)).toBe(true));
  it('not a key that was brought back and is left alone on purpose', () => {
    const broughtBack = withInstants(current, { broughtBack: T(29 * DAY) });
    expect(overdue({ current: broughtBack }, 31 * DAY)).toBe(false);
    expect(overdue({ current: broughtBack }, 36 * DAY)).toBe(true);
  });
  it('a rotation that was asked for, after a lead time', () => {
    const late = (at: number) => {
      const record = aRecord({ roles: { current }, request: { at: T(DAY), by: 'ops', reason: 'drill' } });
      return statusOf(aKey(), record, someCapabilities(), new Date(T(at))).overdue;
    };
    expect(late(2 * DAY)).toBe(false);
    expect(late(6 * DAY)).toBe(false);
    expect(late(6 * DAY + 1)).toBe(true);
  });
});

describe('a task card', () => {
  const cards = (roles: Parameters<typeof aRecord>[0]['roles']) =>
    tasksOf(aKey(), aRecord({ roles }), someCapabilities(), new Date(T(HOUR)))
      .map(renderCard)
      .join('\n');
  it('to register shows what to paste, to switch on, to leave off, and what to run', () => {
    const card = cards({
      current,
      next: aGeneration(8, 'asked', { publicKey: '-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----\n' }),
    });
    for (const part of [
      'spot-g8',
      'BEGIN PUBLIC KEY',
      '[x] Enable Spot & Margin Trading',
      '[ ] Enable Withdrawals',
      '203.0.113.7',
      'https://venue.example/keys',
      'keyturn register binance-main/spot KEY-ID',
      'desk-a',
    ]) {
      expect(card).toContain(part);
    }
  });
  it('to delete shows the key id in full, and no other one', () => {
    const card = cards({ current: successor, previous: [superseded] });
    expect(card).toContain(superseded.apiKey);
    expect(card).not.toContain(successor.apiKey);
    expect(card).toContain('keyturn verify binance-main/spot');
  });
  it('to register is there at a venue with an API only where that leaves it to people', () => {
    const open = (changes: Parameters<typeof aGeneration>[2]) =>
      tasksOf(
        aKey(),
        aRecord({ roles: { current, next: aGeneration(8, 'asked', changes) } }),
        someCapabilities({ registering: 'api' }),
        new Date(T(HOUR)),
      ).map(({ kind }) => kind);
    expect(open({})).toEqual([]);
    expect(open({ registrationRefused: 'second factor' })).toEqual(['register']);
  });
  it('says when it was seen deleted', () =>
    expect(cards({ current: successor, previous: [{ ...superseded, deadGroups: [T()] }] })).toContain('confirming'));
});

describe('plan', () => {
  const key = (name: string) => aKey({ id: `binance-main/${name}`, name });
  it('holds back what the account has no room for, in the order of the keys', () => {
    const capabilities = someCapabilities({ limits: { keysPerAccount: 2, allowlistEntries: 30, ipv6: false } });
    const gathered = ['a', 'b', 'c'].map((name) => aSnapshot({ key: key(name), capabilities }));
    expect(planOf(gathered, new Date(T())).keys.map(({ reason }) => reason)).toEqual([
      'first-generation',
      'first-generation',
      'venue-limit',
    ]);
  });
  it('what replaces a compromised key takes its place before others, wherever it stands', () => {
    const capabilities = someCapabilities({ limits: { keysPerAccount: 2, allowlistEntries: 30, ipv6: false } });
    const leaked = aGeneration(7, 'deletionAsked', { compromised: { at: T(), by: 'ops', reason: 'leak' } });
    const gathered = [
      aSnapshot({ key: key('a'), capabilities }),
      aSnapshot({ key: key('b'), capabilities, record: aRecord({ roles: { current: leaked } }) }),
    ];
    const reasons = (order: typeof gathered) => planOf(order, new Date(T())).keys.map(({ reason }) => reason);
    expect(reasons(gathered)).toEqual(['venue-limit', 'replacement']);
    expect(reasons(gathered.toReversed())).toEqual(['replacement', 'venue-limit']);
  });
  it('planning twice is the same plan', () => {
    const gathered = ['a', 'b'].map((name) => aSnapshot({ key: key(name) }));
    expect(planOf(gathered, new Date(T()))).toEqual(planOf(gathered, new Date(T())));
  });
});

describe('forecast', () => {
  it('shows rotations one after the other', () => {
    const gathered = [aSnapshot({ record: aRecord({ roles: { current } }) })];
    const dues = forecast(gathered, new Date(T()), new Date(T(90 * DAY))).filter(({ kind }) => kind === 'due');
    expect(dues[0]?.at.toISOString()).toBe(T(30 * DAY));
    expect(dues.length).toBeGreaterThanOrEqual(3);
  });
});
