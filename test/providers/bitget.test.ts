import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeKeys } from '../../providers/keys.ts';
import { bitgetCapabilities } from '../../providers/venues/bitget/capabilities.ts';
import { BitgetOptions } from '../../providers/venues/bitget/options.ts';
import { openBitget } from '../../providers/venues/bitget.ts';
import { wantedSwitches } from '../../src/core/verification.ts';
import { aKey } from '../build.ts';
import { describeWith, program } from '../programs/index.ts';
import { answering, dependencies, fixtureJson, lastMeaning, NOW, type Reply } from './answering.ts';
import { opensslAccepts } from './openssl.ts';

const TIME = '/api/v2/public/time';
const INFO = '/api/v2/spot/account/info';

const material = await nodeKeys().generate('rsa-2048', false);
const CREDENTIAL = { apiKey: `bg_${'0123456789abcdef'.repeat(2)}`, signer: nodeKeys().signer(material) };

const DOCUMENTED = fixtureJson('bitget/account-info.json');
const information = (changes: object): Reply => ({ body: { ...DOCUMENTED, data: { ...DOCUMENTED.data, ...changes } } });
const refusal = (code: number, status = 400): Reply => ({ status, body: { code: `${code}`, msg: 'no', data: null } });

const venue = (told: Record<string, Reply> = {}) =>
  answering({
    [TIME]: { body: { code: '00000', msg: 'success', requestTime: NOW, data: { serverTime: `${NOW}` } } },
    [INFO]: { body: DOCUMENTED },
    ...told,
  });
const open = (baseUrl: string) => {
  process.env.BITGET_ACCESS_PASSPHRASE = 'correct horse';
  onTestFinished(() => {
    delete process.env.BITGET_ACCESS_PASSPHRASE;
  });
  return openBitget(BitgetOptions.parse({ baseUrl }), dependencies());
};
const inspected = async (changes: object) => {
  const { url } = await venue({ [INFO]: information(changes) });
  return (await open(url).probe(CREDENTIAL)).inspection;
};
const on = (inspection: Awaited<ReturnType<typeof inspected>>) =>
  inspection?.switches.filter((each) => each.on).map(({ field }) => field);

describe('the documented answer', () => {
  it('is read whole; “trade” is taken for all trading there is', async () => {
    const { url, asked } = await venue();
    const { answers, inspection } = await open(url).probe(CREDENTIAL);
    expect(answers).toEqual([{ endpoint: INFO, kind: 'accepted', status: 200, code: null, shape: '' }]);
    expect(inspection).toMatchObject({ allowlistOn: true, allowlist: ['127.0.0.1'], accountUid: '**********' });
    expect(on(inspection)).toEqual(['read', 'stow', 'smow', 'coow', 'cpow']);
    expect(asked.at(-1)?.headers['access-passphrase']).toBe('correct horse');
  });

  it('has codes for reading, which are one permission, and for writing', async () => {
    expect(on(await inspected({ authorities: ['stor', 'coor', 'taxr', 'p2pr'] }))).toEqual(['read']);
    expect(on(await inspected({ authorities: ['stow'] }))).toEqual(['read', 'stow']);
    expect(on(await inspected({ authorities: ['stow', 'timetravel'] }))).toEqual(['read', 'stow', 'timetravel']);
    expect(on(await inspected({ authorities: [] }))).toEqual([]);
  });

  it.each(['', '*'])('of a key that is tied to no address says %j', async (ips) => {
    expect(await inspected({ ips })).toMatchObject({ allowlistOn: false, allowlist: [] });
  });
});

describe('codes', () => {
  const MEANINGS: Record<number, string> = {
    40037: 'unknown-key',
    40006: 'malformed-key-id',
    40009: 'bad-signature',
    40012: 'refused',
    40036: 'refused',
    40014: 'refused',
    40018: 'refused',
    40038: 'refused',
    40005: 'clock-skew',
    40008: 'clock-skew',
    40010: 'timeout',
    40015: 'server-error',
    12345: 'unexpected-answer',
  };
  it.each(Object.entries(MEANINGS))('%s means %s', async (code, meaning) => {
    const { url } = await venue({ [INFO]: refusal(Number(code)) });
    expect(await lastMeaning(open(url), CREDENTIAL)).toBe(meaning);
  });

  it('HTTP 429 says nothing', async () => {
    const { url } = await venue({ [INFO]: refusal(40037, 429) });
    expect(await lastMeaning(open(url), CREDENTIAL)).toBe('rate-limited');
  });
});

it('asks no oftener than once a second, whoever asks', async () => {
  const { url } = await venue();
  const bitget = open(url);
  const before = performance.now();
  await Promise.all([bitget.probe(CREDENTIAL), bitget.probe(CREDENTIAL), bitget.probeStranger()]);
  expect(performance.now() - before).toBeGreaterThan(2_000);
});

it('says which passphrase is missing', async () => {
  const { url } = await venue();
  const bitget = open(url);
  delete process.env.BITGET_ACCESS_PASSPHRASE;
  await expect(bitget.probe(CREDENTIAL)).rejects.toMatchObject({
    code: 'invalid',
    message: 'environment variable BITGET_ACCESS_PASSPHRASE is not set',
  });
});

describeWith(['openssl'], 'signatures', () => {
  it('OpenSSL agrees', async () => {
    const { url, asked } = await venue();
    await open(url).probe(CREDENTIAL);
    const headers = asked.at(-1)?.headers;
    const signature = Buffer.from(String(headers?.['access-sign']), 'base64');
    const bytes = `${String(headers?.['access-timestamp'])}GET${INFO}`;
    const subject = { publicKey: material.publicKey, signature };
    expect(opensslAccepts(program('openssl'), { ...subject, bytes })).toBe(true);
    expect(opensslAccepts(program('openssl'), { ...subject, bytes: `${bytes}?` })).toBe(false);
  });
});

describe('capabilities', () => {
  const capabilities = bitgetCapabilities(BitgetOptions.parse({}));
  const switchesOf = (permissions: ReturnType<typeof aKey>['permissions']) =>
    wantedSwitches(aKey({ permissions }), capabilities).on.map(({ field }) => field);

  it('map purposes to permissions', () => {
    expect(switchesOf(['read', 'spot-trade'])).toEqual(['read', 'stow']);
    expect(switchesOf(['read', 'futures-trade'])).toEqual(['read', 'coow', 'cpow']);
    expect(switchesOf(['read'])).toEqual(['read']);
  });
  it('allow ten keys', () => expect(capabilities.limits.keysPerAccount).toBe(10));
});
