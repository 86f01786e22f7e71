import { describe, expect, it } from 'vitest';
import { fingerprintOf, nodeKeys } from '../../providers/keys.ts';
import { deribitCapabilities } from '../../providers/venues/deribit/capabilities.ts';
import { DeribitOptions } from '../../providers/venues/deribit/options.ts';
import { openDeribit } from '../../providers/venues/deribit.ts';
import { wantedSwitches } from '../../src/core/verification.ts';
import type { Algorithm } from '../../src/ports/venue.ts';
import { aKey } from '../build.ts';
import { describeWith, program } from '../programs/index.ts';
import { answering, dependencies, fixture, fixtureJson, meaningOf, NOW, type Reply } from './answering.ts';
import { opensslAccepts } from './openssl.ts';

const base = '/api/v2/';
const AUTH = 'public/auth';
const LIST = 'private/list_api_keys';
const WHOSE = 'private/get_account_summaries';

const credentialOf = async (algorithm: Algorithm) => {
  const material = await nodeKeys().generate(algorithm, false);
  return { material, credential: { apiKey: 'GgUXjYUj', signer: nodeKeys().signer(material) } };
};
const { credential: CREDENTIAL } = await credentialOf('ed25519');

const KEY = fixtureJson('deribit/create_api_key.json').result;
const result = (body: unknown): Reply => ({ body: { jsonrpc: '2.0', id: 1, result: body } });
const refusal = (status: number, code: number, message: string): Reply => ({
  status,
  body: { jsonrpc: '2.0', id: 1, error: { code, message } },
});
const TOKEN = { access_token: 'token-1', expires_in: 900, token_type: 'bearer', refresh_token: 'r', scope: '' };

const venue = async (told: Record<string, Reply> = {}) => {
  const replies = {
    'public/get_time': result(NOW),
    'public/status': result({ locked: 'false' }),
    [AUTH]: result(TOKEN),
    [LIST]: result([KEY]),
    [WHOSE]: result({ id: 10, summaries: [] }),
    ...told,
  };
  return answering(Object.fromEntries(Object.entries(replies).map(([method, reply]) => [base + method, reply])));
};
const open = (baseUrl: string) => openDeribit(DeribitOptions.parse({ baseUrl }), dependencies());
const probed = async (told: Record<string, Reply>) => open((await venue(told)).url).probe(CREDENTIAL);
const on = ({ inspection }: Awaited<ReturnType<typeof probed>>) =>
  inspection?.switches.filter((each) => each.on).map(({ field }) => field);

describe('the documented key', () => {
  it('is read whole, with its siblings', async () => {
    const other = {
      ...KEY,
      client_id: 'another1',
      name: 'other',
      enabled: false,
      public_key: fixture('deribit/public-key.pem'),
    };
    const { answers, inspection } = await probed({ [LIST]: result([other, KEY]) });
    expect(answers.map(({ endpoint, kind }) => `${endpoint} ${kind}`)).toEqual([
      `${AUTH} accepted`,
      `${LIST} accepted`,
      `${WHOSE} accepted`,
    ]);
    expect(inspection).toMatchObject({ allowlistOn: false, allowlist: [], createdAt: null, accountUid: '10' });
    expect(inspection?.siblings).toEqual([
      {
        apiKey: 'another1',
        label: 'other',
        fingerprint: fingerprintOf(fixture('deribit/public-key.pem')),
        createdAt: null,
        enabled: false,
      },
      { apiKey: 'GgUXjYUj', label: 'test_key', fingerprint: null, createdAt: null, enabled: true },
    ]);
  });

  it('has scopes; all reading is one permission', async () => {
    const scoped = (max_scope: string) => probed({ [LIST]: result([{ ...KEY, max_scope }]) });
    expect(on(await scoped('trade:read_write wallet:read account:read'))).toEqual(['account:read', 'trade:read_write']);
    expect(on(await scoped('account:read_write wallet:none'))).toEqual(['account:read', 'account:read_write']);
    expect(on(await scoped('account:read time:travel'))).toEqual(['account:read', 'time:travel']);
    expect(on(await scoped('trade:read'))).toEqual([]);
  });

  it('signs in afresh for every probe, each time with another nonce', async () => {
    const { url, asked } = await venue();
    const deribit = open(url);
    await deribit.probe(CREDENTIAL);
    await deribit.probe(CREDENTIAL);
    const nonces = asked.filter(({ path }) => path === base + AUTH).map(({ body }) => JSON.parse(body).params.nonce);
    expect(new Set(nonces).size).toBe(2);
    const tokens = asked.filter(({ path }) => path === base + LIST).map(({ headers }) => headers.authorization);
    expect(tokens).toEqual(['Bearer token-1', 'Bearer token-1']);
  });

  it('a list without the key that asks is no list', async () => {
    const { answers, inspection } = await probed({ [LIST]: result([{ ...KEY, client_id: 'another1' }]) });
    expect(answers.map(meaningOf)).toEqual(['accepted', 'unexpected-answer']);
    expect(inspection).toBeNull();
  });
});

describe('refusals to sign in', () => {
  const ROWS: [number, number, string, string][] = [
    [400, 13004, 'invalid_credentials', 'refused'],
    [400, 10001, 'invalid_credentials', 'refused'],
    [401, 13009, 'unauthorized', 'refused'],
    [429, 10028, 'too_many_requests', 'rate-limited'],
    [400, 13028, 'temporarily_unavailable', 'maintenance'],
    [503, -1, 'whatever', 'server-error'],
    [400, -1, 'whatever', 'unexpected-answer'],
  ];
  it.each(ROWS)('HTTP %s with %s %s means %s', async (status, code, message, meaning) => {
    const { answers, inspection } = await probed({ [AUTH]: refusal(status, code, message) });
    expect(answers.map(meaningOf)).toEqual([meaning]);
    expect(inspection).toBeNull();
  });

  it('a scope that is too narrow is a refusal, not a firewall', async () => {
    const { answers } = await probed({ [LIST]: refusal(403, 13021, 'forbidden') });
    expect(answers.map(meaningOf)).toEqual(['accepted', 'refused', 'accepted']);
  });
});

describe('conditions', () => {
  it('has the offset of the clocks', async () => {
    const { url } = await venue({ 'public/get_time': result(NOW + 5000) });
    expect(await open(url).conditions()).toEqual({ state: 'normal', clockOffsetMs: 5000 });
  });
  it.each([
    ['true', { state: 'trouble', why: 'maintenance' }],
    ['partial', { state: 'normal' }],
  ])('locked: %s', async (locked, conditions) => {
    const { url } = await venue({ 'public/status': result({ locked }) });
    expect(await open(url).conditions()).toMatchObject(conditions);
  });
});

describeWith(['openssl'], 'signatures', () => {
  it.each(['ed25519', 'rsa-2048'] as const)('OpenSSL agrees with %s', async (algorithm) => {
    const { material, credential } = await credentialOf(algorithm);
    const { url, asked } = await venue();
    await open(url).probe(credential);
    const { params } = JSON.parse(asked.find(({ path }) => path === base + AUTH)?.body ?? '');
    expect(params).toMatchObject({ grant_type: 'client_signature', client_id: 'GgUXjYUj', timestamp: NOW, data: '' });
    expect(params.signature).toMatch(/^[\w-]+$/);
    const subject = { publicKey: material.publicKey, signature: Buffer.from(params.signature, 'base64url') };
    expect(opensslAccepts(program('openssl'), { ...subject, bytes: `${NOW}\n${params.nonce}\n` })).toBe(true);
    expect(opensslAccepts(program('openssl'), { ...subject, bytes: `${NOW}\n${params.nonce}` })).toBe(false);
  });
});

describe('capabilities', () => {
  const capabilities = deribitCapabilities(DeribitOptions.parse({}));
  const switchesOf = (permissions: ReturnType<typeof aKey>['permissions']) =>
    wantedSwitches(aKey({ permissions }), capabilities).on.map(({ field }) => field);

  it('map purposes to scopes', () => {
    expect(switchesOf(['read', 'spot-trade'])).toEqual(['account:read', 'trade:read_write']);
    expect(switchesOf(['read'])).toEqual(['account:read']);
    expect(switchesOf(['read', 'withdraw'])).toEqual(['account:read', 'wallet:read_write']);
  });
  it('are those of people without a managing key', () =>
    expect(capabilities).toMatchObject({ registering: 'person', deleting: 'person', lists: false }));
  it('are those of an API with one', () => {
    const key = { apiKey: { env: 'ID' }, privateKey: { env: 'PEM' } };
    expect(deribitCapabilities(DeribitOptions.parse({ managing: { desk: key } }))).toMatchObject({
      registering: 'api',
      deleting: 'api',
      lists: true,
    });
  });
});
