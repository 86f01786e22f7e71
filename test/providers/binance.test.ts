import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, nodeKeys } from '../../providers/keys.ts';
import { binanceCapabilities } from '../../providers/venues/binance/capabilities.ts';
import { BinanceOptions } from '../../providers/venues/binance/options.ts';
import { signedQuery } from '../../providers/venues/binance/sign.ts';
import { openBinance } from '../../providers/venues/binance.ts';
import type { Credential } from '../../src/ports/keys.ts';
import type { Answer, VenueDependencies } from '../../src/ports/venue.ts';
import { Secret } from '../../src/secret.ts';
import { deadPort, forwardProxy, serve } from './loopback.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const HOUR = 3_600_000;

const keys = nodeKeys();
const publicKey = createPublicKey(fixture('sample-rsa.pem'));
const signer = keys.signer({
  privateKey: new Secret(fixture('sample-rsa.pem')),
  passphrase: null,
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  fingerprint: fingerprintOf(publicKey),
});
const CREDENTIAL: Credential = { apiKey: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A', signer };
const ANOTHER: Credential = { ...CREDENTIAL, apiKey: CREDENTIAL.apiKey.split('').reverse().join('') };

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/binance/${name}`, import.meta.url), 'utf8');
}

const SAPI = '/sapi/v1/account/apiRestrictions';
const API = '/api/v3/account';
const TIME = '/api/v3/time';
const SYSTEM = '/sapi/v1/system/status';

const RESTRICTIONS = {
  ipRestrict: true,
  createTime: Date.parse('2026-10-25T08:30:00.123Z'),
  enableReading: true,
  enableSpotAndMarginTrading: true,
  enableWithdrawals: false,
  enableMargin: false,
  enableFutures: false,
  permitsUniversalTransfer: false,
  enableVanillaOptions: false,
  enableInternalTransfer: false,
  enablePortfolioMarginTrading: false,
  enableFixApiTrade: false,
  enableFixReadOnly: false,
};

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  body?: string | object;
}

type Answering = (incoming: IncomingMessage, outgoing: ServerResponse) => Reply | undefined;

/** A venue that answers each path as told, well where not told otherwise, and what it was asked. */
async function venue(told: Record<string, Reply | Answering> = {}) {
  const asked: { path: string; query: string; key: string | undefined; from: string | undefined }[] = [];
  const paths: Record<string, Reply | Answering> = {
    [TIME]: { body: { serverTime: NOW } },
    [SYSTEM]: { body: { status: 0, msg: 'normal' } },
    [SAPI]: { body: RESTRICTIONS },
    [API]: { body: { uid: 354937868, canTrade: true, balances: [] } },
    ...told,
  };
  const listener: RequestListener = (incoming, outgoing) => {
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    const { 'x-mbx-apikey': key } = incoming.headers;
    asked.push({ path, query, key: key?.toString(), from: incoming.socket.remoteAddress });
    const answering = paths[path] ?? { status: 404 };
    const reply = typeof answering === 'function' ? answering(incoming, outgoing) : answering;
    if (reply === undefined) return;
    const { status = 200, headers = {}, body = '' } = reply;
    outgoing.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  return { ...(await serve(listener)), asked };
}

const refusal = (status: number, code: number, msg = 'no'): Reply => ({ status, body: { code, msg } });

const both = (reply: Reply | Answering) => ({ [SAPI]: reply, [API]: reply });

const open = (baseUrl: string, dependencies: Partial<VenueDependencies> = {}) =>
  openBinance(BinanceOptions.parse({ baseUrl }), {
    clock: { now: () => new Date(NOW) },
    keys,
    folder: '.',
    insideProxy: null,
    outsideProxy: null,
    ...dependencies,
  });

const meanings = (answers: Answer[]): string[] => answers.map(({ kind, why }) => why ?? kind);

describe('signing', () => {
  it.each([
    [
      { timestamp: '1578963600000' },
      'timestamp=1578963600000',
      'qlutXCa1uE6hTGbCXTWb%2BMz1qToKVUWSod532McnpJfTGctqkrovh61n%2FGZ03epBlAK6d1f5i%2BpIs0asvowTenZEEazY%2Bhrai1dzWOfYh%2BXI2PpsnV5QKNzmVxF%2B0Eur%2BVG2WqmJMusumvKxq2HfHrrmNl1jeMl5JtOj7P%2FIaSOIbsgcYn467oOl9saVEmFeiirFLHCFn1P6Jm%2FEVaFAsCL%2BegloFk3MLQdKdRErZSAmW2pmzmwYD1JqILAJXWV3i%2FjdPC7CR%2Bg3New56GdZjhqpSbz8uFTQeLFoZj0Jc1U3AntZBHvPCM%2BQgLXv987qGwDDKjB1wsrHfglT511zOw%3D%3D',
    ],
    [
      {
        symbol: 'LTCBTC',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '1',
        price: '0.1',
        recvWindow: '5000',
        timestamp: '1499827319559',
      },
      'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
      'uz2xmNkOf1EEsnZoWGraxR13F4jF9JYdC68uvWqYyjFyjwDgcoiMRm23UqsxWkmA208smu7TuGVxm1cWoZa%2F5fLQ2T%2FRcfLW9sokNWDzf1vM%2FxEpSmQEsSyIzd%2Fc0pMWGsUkXsYpIarp3e%2FKSFzgwI73qZfbalBRkkK7u3dLWRVRk4kmEVf6dQUWMyXC44X8LB0M1XFrhkqcFYdcP9NcaCZCvb8nzG%2FnyUPtCJdBxVn8MMgXaVCM8DIbSrUBT0ZUxFQ3gTSd929LR1Tp6P2y4pHiWSElW5nJZYRRn2zUFt4xH7wvVKvuuEi8HH0Dusf6KBcWq8%2F3viAcRUh1Cj4fsQ%3D%3D',
    ],
  ])('gives the published signature %#', (parameters, query, signature) => {
    expect(signedQuery(parameters, signer)).toBe(`${query}&signature=${signature}`);
  });

  it('signs what is sent: percent-encoded text', () => {
    const [query = '', signature = ''] = signedQuery({ name: 'a b/ü&' }, signer).split('&signature=');
    expect(query).toBe('name=a+b%2F%C3%BC%26');
    expect(isSignature(query, signature)).toBe(true);
  });
});

const isSignature = (query: string, signature: string): boolean =>
  verify('sha256', Buffer.from(query), publicKey, Buffer.from(decodeURIComponent(signature), 'base64'));

describe('a probe', () => {
  it('asks both endpoints in one order, signed over the raw query, and says what the key may do', async () => {
    const { url, asked } = await venue();
    const { answers, inspection } = await open(url).probe(CREDENTIAL);
    expect(answers).toEqual([
      { endpoint: SAPI, kind: 'accepted', status: 200, code: null, shape: '' },
      { endpoint: API, kind: 'accepted', status: 200, code: null, shape: '' },
    ]);
    const { ipRestrict: _, createTime: __, ...switches } = RESTRICTIONS;
    expect(inspection).toEqual({
      switches: Object.entries(switches).map(([field, on]) => ({ field, on })),
      allowlistOn: true,
      createdAt: '2026-10-25T08:30:00.123Z',
      expiresAt: null,
      accountUid: '354937868',
      allowlist: null,
      fingerprint: null,
      siblings: null,
    });
    expect(asked.map(({ path }) => path)).toEqual([TIME, SAPI, API]);
    for (const { query, key } of asked.slice(1)) {
      const [payload = '', signature = ''] = query.split('&signature=');
      expect(payload).toMatch(new RegExp(`^(omitZeroBalances=true&)?recvWindow=5000&timestamp=${NOW}$`));
      expect(isSignature(payload, signature)).toBe(true);
      expect(key).toBe(CREDENTIAL.apiKey);
    }
  });

  it('shows switches nobody knows, and lives without a creation time', async () => {
    const { createTime: _createTime, ...known } = RESTRICTIONS;
    const body = { ...known, enableMoonTrading: true, note: 'hi', expires: null };
    const { url } = await venue({ [SAPI]: { body } });
    const { inspection } = await open(url).probe(CREDENTIAL);
    expect(inspection).toMatchObject({ allowlistOn: true, createdAt: null, accountUid: '354937868' });
    const documented = Object.keys(known).filter((field) => field !== 'ipRestrict');
    expect(inspection?.switches.map(({ field }) => field)).toEqual([...documented, 'enableMoonTrading']);
  });

  it.each([
    ['true', true],
    [1, true],
    [{ spot: true }, true],
    ['false', false],
    [0, false],
    [null, false],
  ])('takes a switch nobody knows that comes as %j for one that is on: %j', async (value, on) => {
    const { url } = await venue({ [SAPI]: { body: { ...RESTRICTIONS, permitsMoonTravel: value } } });
    const { inspection } = await open(url).probe(CREDENTIAL);
    expect(inspection?.switches).toContainEqual({ field: 'permitsMoonTravel', on });
  });

  it('keeps what one endpoint said when the other one fails', async () => {
    const { url } = await venue({ [API]: { status: 502 } });
    const { answers, inspection } = await open(url).probe(CREDENTIAL);
    expect(meanings(answers)).toEqual(['accepted', 'server-error']);
    expect(inspection).toMatchObject({ allowlistOn: true, accountUid: null });
  });

  it('asks under a path, too, where a gateway has one', async () => {
    const { url, asked } = await venue();
    await open(`${url}/gateway/`).probe(CREDENTIAL);
    expect(asked.map(({ path }) => path)).toEqual([TIME, SAPI, API].map((path) => `/gateway${path}`));
  });
});

describe('an answer', () => {
  const LOGIN = '<html><form action="/login"></html>';
  const without = (field: keyof typeof RESTRICTIONS) => ({ ...RESTRICTIONS, [field]: undefined });
  /** The answer of both endpoints, and what it means on /sapi and on /api. */
  const table: Record<string, [answer: Reply | Answering, sapi: string, api: string]> = {
    '401 -2015 is a refusal': [refusal(401, -2015), 'refused', 'refused'],
    '400 -2015 is the same refusal': [refusal(400, -2015), 'refused', 'refused'],
    '400 -2008 is an unknown key, on /sapi only': [refusal(400, -2008), 'unknown-key', 'unexpected-answer'],
    '400 -1022 is a signature by another key': [refusal(400, -1022), 'bad-signature', 'bad-signature'],
    '401 -2014 is not a key id at all': [refusal(401, -2014), 'malformed-key-id', 'malformed-key-id'],
    '400 -1021 is about clocks': [refusal(400, -1021), 'clock-skew', 'clock-skew'],
    '429 -1003 is about the rate': [refusal(429, -1003), 'rate-limited', 'rate-limited'],
    '400 -1003 is about the rate, too': [refusal(400, -1003), 'rate-limited', 'rate-limited'],
    '418 -1003 is a ban': [refusal(418, -1003), 'banned', 'banned'],
    '403 is the firewall': [{ status: 403, body: LOGIN }, 'blocked', 'blocked'],
    '403 is the firewall, whatever it says': [refusal(403, -2008), 'blocked', 'blocked'],
    '500 says nothing': [{ status: 500 }, 'server-error', 'server-error'],
    '503 says nothing, whatever it says': [refusal(503, -2008), 'server-error', 'server-error'],
    '400 -1000 says nothing': [refusal(400, -1000), 'server-error', 'server-error'],
    '400 -1001 says nothing': [refusal(400, -1001), 'server-error', 'server-error'],
    '400 -1004 says nothing': [refusal(400, -1004), 'server-error', 'server-error'],
    '400 -1006 says nothing': [refusal(400, -1006), 'server-error', 'server-error'],
    '400 -1007 says nothing': [refusal(400, -1007), 'server-error', 'server-error'],
    '400 -1008 says nothing': [refusal(400, -1008), 'server-error', 'server-error'],
    '400 -1016 says nothing': [refusal(400, -1016), 'server-error', 'server-error'],
    '401 -1002 may mean anything': [refusal(401, -1002), 'unexpected-answer', 'unexpected-answer'],
    '400 -1099 may mean anything': [refusal(400, -1099), 'unexpected-answer', 'unexpected-answer'],
    '404 is not this API': [{ status: 404, body: LOGIN }, 'unexpected-answer', 'unexpected-answer'],
    '200 with a login page is not': [{ body: LOGIN }, 'unexpected-answer', 'unexpected-answer'],
    '200 with half a body is not': [{ body: '{"ipRestrict":true,"uid":1' }, 'unexpected-answer', 'unexpected-answer'],
    '200 with nothing is not': [{}, 'unexpected-answer', 'unexpected-answer'],
    '200 with an empty object is not': [{ body: {} }, 'unexpected-answer', 'unexpected-answer'],
    '200 with an error is not': [refusal(200, -2008), 'unexpected-answer', 'unexpected-answer'],
    '200 of the other endpoint is not': [{ body: RESTRICTIONS }, 'accepted', 'unexpected-answer'],
    '200 without reading is not': [{ body: without('enableReading') }, 'unexpected-answer', 'unexpected-answer'],
    '200 without allowlist is not': [{ body: without('ipRestrict') }, 'unexpected-answer', 'unexpected-answer'],
    '200 without a switch that must be off is not': [
      { body: without('enableWithdrawals') },
      'unexpected-answer',
      'unexpected-answer',
    ],
    '200 without a switch that was added later is fine': [
      { body: { ...without('enableFixReadOnly'), uid: 1 } },
      'accepted',
      'accepted',
    ],
    '200 with a switch that is a text is not': [
      { body: { ...RESTRICTIONS, enableWithdrawals: 'true' } },
      'unexpected-answer',
      'unexpected-answer',
    ],
    'a code that is a text is none': [
      { status: 400, body: { code: '-2008', msg: '' } },
      'unexpected-answer',
      'unexpected-answer',
    ],
    'a reset is none': [({ socket }) => void socket.resetAndDestroy(), 'network', 'network'],
    'an answer cut off is none': [
      ({ socket }, outgoing) => {
        outgoing.writeHead(400, { 'Content-Length': '99' }).write('{"code":-2008', () => socket.destroy());
        return undefined;
      },
      'network',
      'network',
    ],
    'silence is none': [() => undefined, 'timeout', 'timeout'],
  };

  it.each(Object.entries(table))('%s', async (_, [answer, sapi, api]) => {
    const { url } = await venue(both(answer));
    const { answers, inspection } = await open(url, { timeoutMs: 300 }).probe(CREDENTIAL);
    expect(meanings(answers)).toEqual([sapi, api]);
    expect(inspection === null).toBe(sapi !== 'accepted');
  });

  it('that redirects is not followed', async () => {
    const elsewhere = await venue();
    const { url } = await venue(both({ status: 307, headers: { Location: `${elsewhere.url}${SAPI}` } }));
    expect(meanings((await open(url).probe(CREDENTIAL)).answers)).toEqual(['unexpected-answer', 'unexpected-answer']);
    expect(elsewhere.asked).toEqual([]);
  });

  it.each([
    ['Invalid Api-Key ID.', 'Invalid Api-Key ID.'],
    ['for action, request ip: 203.0.113.7', 'for action, request ip: <address>'],
    ['for action, request ip: 2001:db8::17', 'for action, request ip: <address>'],
    ['for action, request ip: ::1', 'for action, request ip: <address>'],
    ['IP banned until 1659146400000.', 'IP banned until #.'],
    [`Key ${CREDENTIAL.apiKey} is not known`, 'Key <key> is not known'],
    ['line\u001b[31m\r\nline', 'line [#m line'],
    ['no '.repeat(100), 'no '.repeat(67).slice(0, 200)],
  ])('%j is compared by its shape', async (msg, shape) => {
    const { url } = await venue(both(refusal(400, -2008, msg)));
    const probe = await open(url).probe(CREDENTIAL);
    expect(probe.answers.map((each) => each.shape)).toEqual([shape, shape]);
  });

  it('never holds the key id or a signature, even when the venue repeats them', async () => {
    const { url } = await venue(both((incoming) => refusal(400, -1100, `${incoming.url} ${CREDENTIAL.apiKey}`)));
    const opened = open(url);
    const shown = inspect([await opened.probe(CREDENTIAL), opened], { depth: 9 });
    expect(shown).not.toContain(CREDENTIAL.apiKey);
    expect(shown).not.toMatch(/[A-Za-z0-9+/]{40}/);
  });
});

describe('clocks', () => {
  it('an hour apart are reported, and signing follows the venue’s', async () => {
    const inWindow: Answering = (incoming) => {
      const timestamp = Number(new URL(incoming.url ?? '', 'http://host').searchParams.get('timestamp'));
      const serverTime = NOW + HOUR;
      const fits = timestamp < serverTime + 1000 && serverTime - timestamp <= 5000;
      return fits ? { body: { ...RESTRICTIONS, uid: 1 } } : refusal(400, -1021);
    };
    const { url } = await venue({ [TIME]: { body: { serverTime: NOW + HOUR } }, ...both(inWindow) });
    const binance = open(url);
    expect(meanings((await binance.probe(CREDENTIAL)).answers)).toEqual(['accepted', 'accepted']);
    expect(await binance.conditions()).toEqual({ state: 'normal', clockOffsetMs: HOUR });
  });

  it('are waited for by every key that is asked at the same time', async () => {
    const byTheirs: Answering = (incoming) =>
      incoming.url?.includes(`timestamp=${NOW + HOUR}`) ? { body: { ...RESTRICTIONS, uid: 1 } } : refusal(400, -1021);
    const { url } = await venue({ [TIME]: { body: { serverTime: NOW + HOUR } }, ...both(byTheirs) });
    const binance = open(url);
    const probes = await Promise.all([CREDENTIAL, ANOTHER].map((credential) => binance.probe(credential)));
    expect(probes.map(({ answers }) => meanings(answers))).toEqual(Array(2).fill(['accepted', 'accepted']));
  });

  it('are taken to be read half-way between request and answer', async () => {
    let now = NOW;
    const slowly: Answering = () => {
      now += 400;
      return { body: { serverTime: NOW + 1000 } };
    };
    const { url } = await venue({ [TIME]: slowly });
    const binance = open(url, { clock: { now: () => new Date(now) } });
    expect(await binance.conditions()).toEqual({ state: 'normal', clockOffsetMs: 800 });
  });

  it('are compared once, and again after the venue complained', async () => {
    let complaint: Reply | null = null;
    const { url, asked } = await venue({ [API]: () => complaint ?? { body: { uid: 1 } } });
    const binance = open(url);
    const timesAsked = () => asked.filter(({ path }) => path === TIME).length;
    await binance.probe(CREDENTIAL);
    await binance.probe(ANOTHER);
    expect(timesAsked()).toBe(1);
    complaint = refusal(400, -1021);
    await binance.probe(CREDENTIAL);
    expect(timesAsked()).toBe(1);
    complaint = null;
    await binance.probe(CREDENTIAL);
    expect(timesAsked()).toBe(2);
  });

  it('that cannot be compared do not keep it from asking', async () => {
    const { url } = await venue({ [TIME]: { status: 404 } });
    expect(meanings((await open(url).probe(CREDENTIAL)).answers)).toEqual(['accepted', 'accepted']);
  });
});

describe('conditions', () => {
  const table: Record<string, [Record<string, Reply | Answering>, object]> = {
    'are normal': [{}, { state: 'normal', clockOffsetMs: 0 }],
    maintenance: [
      { [SYSTEM]: { body: { status: 1, msg: 'system_maintenance' } } },
      { state: 'trouble', why: 'maintenance' },
    ],
    'no /sapi here': [{ [SYSTEM]: { status: 404 } }, { state: 'trouble', why: 'unexpected-answer' }],
    'a status nobody knows': [{ [SYSTEM]: { body: { status: 2 } } }, { state: 'trouble', why: 'unexpected-answer' }],
    'a login page in between': [{ [TIME]: { body: '<html>' } }, { state: 'trouble', why: 'unexpected-answer' }],
    'a refusal where none is due': [{ [TIME]: refusal(401, -2015) }, { state: 'trouble', why: 'unexpected-answer' }],
    'an error inside': [
      { [TIME]: { status: 503 } },
      { state: 'trouble', why: 'server-error', detail: `${TIME}: HTTP 503` },
    ],
    'a pause': [
      { [SYSTEM]: { status: 429, headers: { 'Retry-After': '7' } } },
      { state: 'trouble', why: 'rate-limited', retryAfter: 7 },
    ],
    silence: [{ [TIME]: () => undefined }, { state: 'trouble', why: 'timeout' }],
  };

  it.each(Object.entries(table))('%s', async (_, [told, expected]) => {
    const { url } = await venue(told);
    expect(await open(url, { timeoutMs: 300 }).conditions()).toMatchObject(expected);
  });

  it('nobody there', async () => {
    const conditions = await open(`http://127.0.0.1:${await deadPort()}`).conditions();
    expect(conditions).toMatchObject({ state: 'trouble', why: 'network', detail: `${SYSTEM}: ECONNREFUSED` });
  });
});

describe('a pause the venue asks for', () => {
  it.each([
    [429, 'rate-limited'],
    [418, 'banned'],
  ])('by %i holds for every key, without another request', async (status, why) => {
    let now = NOW;
    let isStrict = true;
    const pause: Answering = () =>
      isStrict ? { ...refusal(status, -1003), headers: { 'Retry-After': '90' } } : { body: RESTRICTIONS };
    const { url, asked } = await venue({ [SAPI]: pause });
    const binance = open(url, { clock: { now: () => new Date(now) } });
    const first = await binance.probe(CREDENTIAL);
    expect(first.answers).toMatchObject([
      { endpoint: SAPI, why, status, code: -1003, retryAfter: 90 },
      { endpoint: API, why, status: null, code: null, retryAfter: 90 },
    ]);
    now += 30_000;
    expect((await binance.probe(ANOTHER)).answers).toMatchObject([
      { why, retryAfter: 60 },
      { why, retryAfter: 60 },
    ]);
    expect((await binance.probeStranger()).answers).toMatchObject([{ why }, { why }]);
    expect(await binance.conditions()).toMatchObject({ state: 'trouble', why, retryAfter: 60 });
    expect(asked.map(({ path }) => path)).toEqual([TIME, SAPI]);
    now += 60_000;
    isStrict = false;
    expect(meanings((await binance.probe(ANOTHER)).answers)).toEqual(['accepted', 'accepted']);
  });
});

describe('a stranger', () => {
  it('has another well-formed key id each time, and one throw-away pair', async () => {
    let pairs = 0;
    const counted = {
      ...keys,
      throwAway() {
        pairs += 1;
        return keys.throwAway();
      },
    };
    const { url, asked } = await venue(both(refusal(400, -2008, 'Invalid Api-Key ID.')));
    const binance = open(url, { keys: counted });
    expect(pairs).toBe(0);
    for (let i = 0; i < 3; i++) {
      expect(await binance.probeStranger()).toMatchObject({ answers: [{ kind: 'unknown-key' }, {}], inspection: null });
    }
    const ids = new Set(asked.flatMap(({ key }) => key ?? []));
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id).toMatch(binance.capabilities.apiKey.pattern);
    expect(pairs).toBe(1);
  });
});

describe('egress', () => {
  const onlyFrom =
    (address: string): Answering =>
    ({ socket }) =>
      socket.remoteAddress === address ? { body: { ...RESTRICTIONS, uid: 1 } } : refusal(401, -2015);

  it('outside is another one, where it is configured', async () => {
    const { url } = await venue(both(onlyFrom('127.0.0.1')));
    const outside = await forwardProxy('127.0.0.2');
    const binance = open(url, { outsideProxy: outside.url });
    expect(meanings((await binance.probe(CREDENTIAL)).answers)).toEqual(['accepted', 'accepted']);
    expect(meanings((await binance.probeOutside(CREDENTIAL))?.answers ?? [])).toEqual(['refused', 'refused']);
    expect(outside.targets).toHaveLength(2);
  });

  it('outside is null where none is', async () => {
    const { url, asked } = await venue();
    expect(await open(url).probeOutside(CREDENTIAL)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('inside takes everything else', async () => {
    const { url, asked } = await venue();
    const inside = await forwardProxy('127.0.0.2');
    const binance = open(url, { insideProxy: inside.url });
    await binance.conditions();
    await binance.probe(CREDENTIAL);
    await binance.probeStranger();
    expect(asked).toHaveLength(6);
    expect(new Set(asked.map(({ from }) => from))).toEqual(new Set(['127.0.0.2']));
  });

  it('that is down is trouble, not a refusal', async () => {
    const { url } = await venue();
    const binance = open(url, { outsideProxy: `http://127.0.0.1:${await deadPort()}` });
    expect(meanings((await binance.probeOutside(CREDENTIAL))?.answers ?? [])).toEqual(['network', 'network']);
  });
});

describe('options and capabilities', () => {
  const page = (options: object) => binanceCapabilities(BinanceOptions.parse(options)).page;

  it('point at production unless told otherwise', () => {
    expect(BinanceOptions.parse({})).toEqual({ baseUrl: 'https://api.binance.com' });
    expect(page({})).toBe('https://www.binance.com/en/my/settings/api-management');
    expect(page({ baseUrl: 'https://binance.gateway.internal' })).toBe(page({}));
    expect(page({ baseUrl: 'http://127.0.0.1:8787/' })).toBe('http://127.0.0.1:8787/en/my/settings/api-management');
    expect(page({ baseUrl: 'http://localhost:1', page: 'https://wiki/keys' })).toBe('https://wiki/keys');
  });

  it.each([
    ['plain http beyond this machine', { baseUrl: 'http://api.binance.com' }, /https:\/\//],
    ['plain http to what only looks like this machine', { baseUrl: 'http://127.0.0.1.evil.example' }, /https:\/\//],
    ['another protocol', { baseUrl: 'ftp://127.0.0.1' }, /write an address/],
    ['no address', { baseUrl: 'binance' }, /write an address/],
    ['a password', { baseUrl: 'https://me:hush@api.binance.com' }, /without user/],
    ['a query', { baseUrl: 'https://api.binance.com?x=1' }, /without user/],
  ])('refuse %s, once', (_, options, message) => {
    const { error } = BinanceOptions.safeParse(options);
    expect(error?.issues).toHaveLength(1);
    expect(error?.issues[0]?.message).toMatch(message);
    expect(error?.message).not.toContain('hush');
  });

  it('refuse unknown fields', () => {
    const { error } = BinanceOptions.safeParse({ baseURL: 'https://api.binance.com' });
    expect(error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['baseURL'] }]);
  });

  it('know every documented switch', () => {
    const { switches, algorithms, limits, apiKey } = binanceCapabilities(BinanceOptions.parse({}));
    const { ipRestrict: _, createTime: __, ...documented } = RESTRICTIONS;
    expect(switches.map(({ field }) => field).sort()).toEqual(Object.keys(documented).sort());
    expect(switches.filter(({ permission }) => permission === null).map(({ field }) => field)).toEqual([
      'enableInternalTransfer',
      'enablePortfolioMarginTrading',
    ]);
    expect(algorithms).toEqual(['rsa-2048', 'rsa-4096', 'ed25519']);
    expect(limits).toEqual({ keysPerAccount: 30, allowlistEntries: 30, ipv6: false });
    expect(apiKey.pattern.test(CREDENTIAL.apiKey)).toBe(true);
    expect(apiKey.pattern.test(`${CREDENTIAL.apiKey}\n`)).toBe(false);
  });
});
