import { describe, expect, it } from 'vitest';
import { fingerprintOf, nodeKeys } from '../../providers/keys.ts';
import { bybitCapabilities } from '../../providers/venues/bybit/capabilities.ts';
import { BybitOptions } from '../../providers/venues/bybit/options.ts';
import { openBybit } from '../../providers/venues/bybit.ts';
import { wantedSwitches } from '../../src/core/verification.ts';
import { aKey } from '../build.ts';
import { describeWith, program } from '../programs/index.ts';
import { answering, dependencies, fixture, fixtureJson, lastMeaning, NOW, type Reply } from './answering.ts';
import { opensslAccepts } from './openssl.ts';

const TIME = '/v5/market/time';
const STATUS = '/v5/system/status';
const QUERY = '/v5/user/query-api';
const DELETE = '/v5/user/delete-api';

const material = await nodeKeys().generate('rsa-2048', false);
const CREDENTIAL = { apiKey: 'opjSlSOzqIeXROT5rq', signer: nodeKeys().signer(material) };
const withCredential = { apiKey: CREDENTIAL.apiKey, credential: async () => CREDENTIAL };

const DOCUMENTED = fixtureJson('bybit/query-api.json');
const information = (changes: object): Reply => ({
  body: { ...DOCUMENTED, result: { ...DOCUMENTED.result, ...changes } },
});
const refusal = (retCode: number, status = 200): Reply => ({ status, body: { retCode, retMsg: 'no', result: {} } });

const venue = (told: Record<string, Reply> = {}) =>
  answering({
    [TIME]: { body: { retCode: 0, retMsg: 'OK', result: {}, time: NOW } },
    [STATUS]: { body: { retCode: 0, retMsg: '', result: { list: [] } } },
    [QUERY]: { body: DOCUMENTED },
    [DELETE]: { body: fixture('bybit/delete-api.json') },
    ...told,
  });
const open = (baseUrl: string) => openBybit(BybitOptions.parse({ baseUrl }), dependencies());
const inspected = async (changes: object) => {
  const { url } = await venue({ [QUERY]: information(changes) });
  return (await open(url).probe(CREDENTIAL)).inspection;
};
const on = (inspection: Awaited<ReturnType<typeof inspected>>) =>
  inspection?.switches.filter((each) => each.on).map(({ field }) => field);

describe('the documented answer', () => {
  it('is read whole', async () => {
    const { url } = await venue();
    const { answers, inspection } = await open(url).probe(CREDENTIAL);
    expect(answers).toEqual([{ endpoint: QUERY, kind: 'accepted', status: 200, code: null, shape: '' }]);
    expect(inspection).toMatchObject({
      allowlistOn: false,
      allowlist: [],
      fingerprint: null,
      createdAt: '2022-10-16T02:24:40.000Z',
      expiresAt: '2023-12-22T07:20:25.000Z',
      accountUid: '24617703',
    });
    expect(on(inspection)).toEqual([
      'read',
      'ContractTrade.Order',
      'ContractTrade.Position',
      'Spot.SpotTrade',
      'Wallet.AccountTransfer',
      'Wallet.SubMemberTransfer',
      'Options.OptionsTrade',
    ]);
  });

  it('of a key with addresses shows them, and no end', async () => {
    const inspection = await inspected({ ips: ['203.0.113.7', '203.0.113.8'], deadlineDay: -2 });
    expect(inspection).toMatchObject({ allowlistOn: true, allowlist: ['203.0.113.7', '203.0.113.8'], expiresAt: null });
  });

  it('of a key that only reads has no permission but reading', async () => {
    expect(on(await inspected({ readOnly: 1 }))).toEqual(['read']);
  });

  it('of a key with nothing at all cannot even read', async () => {
    expect(on(await inspected({ permissions: {} }))).toEqual([]);
  });

  it('takes derivatives for what unified accounts have with contracts, and for more without', async () => {
    const permissions = { Derivatives: ['DerivativesTrade'], Spot: ['SpotTrade'] };
    const contracts = { ...permissions, ContractTrade: ['Order', 'Position'] };
    expect(on(await inspected({ permissions: contracts }))).not.toContain('Derivatives.DerivativesTrade');
    expect(on(await inspected({ permissions }))).toContain('Derivatives.DerivativesTrade');
  });

  it.each([
    ['as it is', material.publicKey],
    ['on one line', material.publicKey.replaceAll('\n', '')],
    ['without its label', material.publicKey.split('\n').slice(1, -2).join('')],
    ['with carriage returns', material.publicKey.replaceAll('\n', '\r\n')],
  ])('shows the public key %s', async (_, rsaPublicKey) => {
    expect((await inspected({ rsaPublicKey }))?.fingerprint).toBe(fingerprintOf(material.publicKey));
  });
});

describe('an answer that is not one', () => {
  it.each([
    ['a permission in another form', information({ permissions: { Spot: 'SpotTrade' } })],
    ['no word on reading and writing', information({ readOnly: null })],
    ['no addresses', information({ ips: undefined })],
    ['a login page', { body: '<html>' }],
    ['an unknown code', refusal(99_999)],
  ])('%s is unexpected', async (_, reply) => {
    const { url } = await venue({ [QUERY]: reply });
    expect(await lastMeaning(open(url), CREDENTIAL)).toBe('unexpected-answer');
  });
});

describe('codes', () => {
  const MEANINGS: Record<number, string> = {
    10003: 'unknown-key',
    33004: 'refused',
    [-2015]: 'refused',
    10004: 'bad-signature',
    10005: 'refused',
    10007: 'refused',
    10010: 'refused',
    10002: 'clock-skew',
    10006: 'rate-limited',
    10000: 'timeout',
    10016: 'server-error',
    10024: 'blocked',
    10027: 'blocked',
  };
  it.each(Object.entries(MEANINGS))('%s means %s', async (code, meaning) => {
    const { url } = await venue({ [QUERY]: refusal(Number(code)) });
    expect(await lastMeaning(open(url), CREDENTIAL)).toBe(meaning);
  });

  it('a gateway’s 403 says nothing, whatever its body', async () => {
    const { url } = await venue({ [QUERY]: refusal(10003, 403) });
    expect(await lastMeaning(open(url), CREDENTIAL)).toBe('blocked');
  });
});

describe('conditions', () => {
  it('has the offset of the clocks', async () => {
    const { url } = await venue({ [TIME]: { body: { retCode: 0, retMsg: '', result: {}, time: NOW + 5000 } } });
    expect(await open(url).conditions()).toEqual({ state: 'normal', clockOffsetMs: 5000 });
  });

  it('knows maintenance', async () => {
    const list = [{ title: 'upgrade', state: 'ongoing' }];
    const { url } = await venue({ [STATUS]: { body: { retCode: 0, retMsg: '', result: { list } } } });
    expect(await open(url).conditions()).toMatchObject({ state: 'trouble', why: 'maintenance' });
  });
});

describe('deleting', () => {
  const remove = async (reply: Reply, subject: Parameters<typeof removeOf>[1] = withCredential) => {
    const { url, asked } = await venue({ [DELETE]: reply });
    return { outcome: await removeOf(url, subject), asked };
  };
  const removeOf = (url: string, subject: { apiKey: string; credential: typeof withCredential.credential | null }) =>
    open(url).management.remove?.('desk', subject);

  it('is asked by the key itself', async () => {
    const { outcome, asked } = await remove({ body: fixture('bybit/delete-api.json') });
    expect(outcome).toEqual({ outcome: 'changed' });
    expect(asked.at(-1)).toMatchObject({ method: 'POST', path: DELETE, body: '{}' });
    expect(asked.at(-1)?.headers['x-bapi-api-key']).toBe(CREDENTIAL.apiKey);
  });
  it('without a wallet permission is for people', async () =>
    expect((await remove(refusal(10005))).outcome).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('wallet permission'),
    }));
  it('without its private half is for people', async () =>
    expect((await remove(refusal(0), { apiKey: 'x', credential: null })).outcome).toMatchObject({
      outcome: 'refused',
    }));
  it('of a key that is gone is done', async () =>
    expect((await remove(refusal(10003))).outcome).toEqual({ outcome: 'absent' }));
  it('with an answer that says nothing has an unknown outcome', async () => {
    await expect(remove({ status: 502, body: '' })).rejects.toMatchObject({ code: 'unavailable', ambiguous: true });
  });
});

describeWith(['openssl'], 'signatures', () => {
  it('OpenSSL agrees with those of reading and of deleting', async () => {
    const { url, asked } = await venue();
    await open(url).probe(CREDENTIAL);
    await open(url).management.remove?.('desk', withCredential);
    for (const { headers, body } of asked.filter(({ path }) => path === QUERY || path === DELETE)) {
      const { 'x-bapi-timestamp': timestamp, 'x-bapi-recv-window': window, 'x-bapi-sign': sign } = headers;
      const bytes = `${String(timestamp)}${CREDENTIAL.apiKey}${String(window)}${body}`;
      const signature = Buffer.from(String(sign), 'base64');
      const subject = { publicKey: material.publicKey, signature };
      expect(opensslAccepts(program('openssl'), { ...subject, bytes })).toBe(true);
      expect(opensslAccepts(program('openssl'), { ...subject, bytes: `${bytes} ` })).toBe(false);
    }
  });
});

describe('capabilities', () => {
  const capabilities = bybitCapabilities(BybitOptions.parse({}));
  const switchesOf = (permissions: ReturnType<typeof aKey>['permissions']) =>
    wantedSwitches(aKey({ permissions }), capabilities).on.map(({ field }) => field);

  it('map purposes to boxes', () => {
    expect(switchesOf(['read', 'spot-trade'])).toEqual(['read', 'Spot.SpotTrade']);
    expect(switchesOf(['read', 'futures-trade'])).toEqual(['read', 'ContractTrade.Order', 'ContractTrade.Position']);
    expect(switchesOf(['read'])).toEqual(['read']);
  });
  it('take RSA only', () => expect(capabilities.algorithms).toEqual(['rsa-2048', 'rsa-4096']));
});
