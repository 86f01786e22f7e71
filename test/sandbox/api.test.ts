import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import {
  bodyOf,
  change,
  edPair,
  type Pair,
  type Reply,
  register,
  rsaPair,
  send,
  signatureOf,
  signed,
} from './client.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const RESTRICTIONS = '/sapi/v1/account/apiRestrictions';
const ACCOUNT = '/api/v3/account';
const FUTURES = '/fapi/v3/account';
const ORDER = 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=20000';
const UNKNOWN_ID = 'u'.repeat(64);

const REJECTED = 'Invalid API-key, IP, or permissions for action.';
const REJECTED_FUTURES = 'Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1';

let sandbox: Sandbox;
let rsa: Pair;
let trading: string;
let reading: string;
let readingPair: Pair;
let elsewhere: string;
let elsewherePair: Pair;
let blind: string;
let blindPair: Pair;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null, now: () => new Date(NOW) });
  rsa = rsaPair();
  [readingPair, elsewherePair, blindPair] = [edPair(), edPair(), edPair()];
  const all = { enableReading: 'true', enableSpotAndMarginTrading: 'true', enableFutures: 'true' };
  trading = await register(sandbox.port, rsa, all);
  reading = await register(sandbox.port, readingPair);
  elsewhere = await register(sandbox.port, elsewherePair, { ...all, ipAllowlist: '127.0.0.2, 203.0.113.0/28' });
  blind = await register(sandbox.port, blindPair, { ...all, enableReading: 'false' });
});

afterAll(() => sandbox.close());

const get = (path: string, query: string, apiKey: string, from?: string): Promise<Reply> =>
  send(sandbox.port, { target: `${path}?${query}`, headers: { 'x-mbx-apikey': apiKey }, ...(from ? { from } : {}) });

const post = (path: string, body: string, apiKey = trading): Promise<Reply> =>
  send(sandbox.port, {
    method: 'POST',
    target: path,
    headers: { 'x-mbx-apikey': apiKey, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });

const stamped = (query: string): string => `${query}${query === '' ? '' : '&'}timestamp=${NOW}`;

describe('without a key', () => {
  it.each([
    ['/api/v3/time', { serverTime: NOW }],
    ['/fapi/v1/time', { serverTime: NOW }],
    ['/api/v3/ping', {}],
    ['/fapi/v1/ping', {}],
    ['/sapi/v1/system/status', { status: 0, msg: 'normal' }],
  ])('%s answers', async (target, expected) => {
    const reply = await send(sandbox.port, { target });
    expect(reply.status).toBe(200);
    expect(bodyOf(reply)).toEqual(expected);
  });

  it('the exchange lists two symbols', async () => {
    const { symbols } = bodyOf(await send(sandbox.port, { target: '/api/v3/exchangeInfo' }));
    expect(symbols).toMatchObject([{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }]);
  });
});

describe('signed requests that are accepted', () => {
  it('a key reads its own restrictions, and no list of addresses', async () => {
    const reply = await get(RESTRICTIONS, signed(stamped(''), rsa), trading);
    expect(reply.status).toBe(200);
    expect(bodyOf(reply)).toEqual({
      ipRestrict: false,
      createTime: NOW,
      enableReading: true,
      enableSpotAndMarginTrading: true,
      enableMargin: false,
      enableFutures: true,
      enableVanillaOptions: false,
      enablePortfolioMarginTrading: false,
      permitsUniversalTransfer: false,
      enableInternalTransfer: false,
      enableWithdrawals: false,
      enableFixApiTrade: false,
      enableFixReadOnly: false,
    });
  });

  it.each([
    ['/sapi/v1/account/status', { data: 'Normal' }],
    ['/sapi/v1/account/apiTradingStatus', { data: { isLocked: false, triggerCondition: { GCR: 150 } } }],
    ['/sapi/v1/account/info', { vipLevel: 0, isMarginEnabled: true }],
    [ACCOUNT, { canTrade: true, permissions: ['SPOT'], uid: 979293543 }],
    ['/fapi/v2/account', { canTrade: true, totalWalletBalance: '10000.00000000', positions: [] }],
    [FUTURES, { availableBalance: '10000.00000000' }],
  ])('%s', async (path, expected) => {
    const reply = await get(path, signed(stamped(''), rsa), trading);
    expect(reply.status).toBe(200);
    expect(bodyOf(reply)).toMatchObject(expected);
  });

  it('empty balances are left out on request', async () => {
    const { balances } = bodyOf(await get(ACCOUNT, signed(stamped('omitZeroBalances=true'), rsa), trading));
    expect(balances).toMatchObject([{ asset: 'USDT' }]);
  });

  it('Ed25519 keys sign as well', async () => {
    expect(await get(RESTRICTIONS, signed(stamped(''), readingPair), reading)).toMatchObject({ status: 200 });
  });

  it('RSA 4096 keys sign as well', async () => {
    const large = rsaPair(4096);
    const apiKey = await register(sandbox.port, large);
    expect(await get(RESTRICTIONS, signed(stamped(''), large), apiKey)).toMatchObject({ status: 200 });
  });

  const payloads: Record<string, () => [query: string, body: string]> = {
    'everything in the body': () => ['', signed(stamped(ORDER), rsa)],
    'everything in the query': () => [signed(stamped(ORDER), rsa), ''],
    'split over query and body, joined without a separator': () => {
      const signature = encodeURIComponent(signatureOf(`timestamp=${NOW}${ORDER}`, rsa));
      return [`timestamp=${NOW}`, `${ORDER}&signature=${signature}`];
    },
    'the signature in the query, everything else in the body': () => [
      `signature=${encodeURIComponent(signatureOf(stamped(ORDER), rsa))}`,
      stamped(ORDER),
    ],
    'the signature first': () => [
      '',
      `signature=${encodeURIComponent(signatureOf(stamped(ORDER), rsa))}&${stamped(ORDER)}`,
    ],
    'the signature in the middle': () => {
      const signature = encodeURIComponent(signatureOf(stamped(ORDER), rsa));
      return ['', `${ORDER}&signature=${signature}&timestamp=${NOW}`];
    },
    'parameters in any order': () => {
      const backwards = stamped(ORDER).split('&').reverse().join('&');
      return ['', signed(backwards, rsa)];
    },
    'a plus sign signed as a plus sign': () => ['', signed(stamped(`${ORDER}&note=a+b`), rsa)],
    'a space signed as %20': () => ['', signed(stamped(`${ORDER}&note=a%20b`), rsa)],
    'the query wins over the body': () => {
      const body = ORDER.replace('BTCUSDT', 'NOSUCH');
      const query = `symbol=ETHUSDT&timestamp=${NOW}`;
      return [query, `${body}&signature=${encodeURIComponent(signatureOf(`${query}${body}`, rsa))}`];
    },
  };
  it.each(Object.entries(payloads))('%s', async (_, make) => {
    const [query, body] = make();
    const reply = await post(`/api/v3/order/test${query === '' ? '' : `?${query}`}`, body);
    expect([reply.status, reply.text]).toEqual([200, '{}']);
  });

  it('a futures test order answers with the order', async () => {
    const reply = await post('/fapi/v1/order/test', signed(stamped(ORDER), rsa));
    expect(bodyOf(reply)).toMatchObject({ symbol: 'BTCUSDT', status: 'NEW', price: '20000' });
  });
});

describe('signatures that do not fit', () => {
  const payloads: Record<string, () => string> = {
    'signed with another key': () => signed(stamped(ORDER), rsaPair()),
    'a byte changed after signing': () => signed(stamped(ORDER), rsa).replace('BUY', 'SELL'),
    'sorted after signing': () => {
      const [signature = '', ...rest] = signed(stamped(ORDER), rsa).split('&').reverse();
      return [...rest, signature].join('&');
    },
    '%20 signed and + sent': () => signed(stamped(`${ORDER}&note=a%20b`), rsa).replace('%20', '+'),
    '+ signed and %20 sent': () => signed(stamped(`${ORDER}&note=a+b`), rsa).replace('a+b', 'a%20b'),
    'decoded text signed, encoded text sent': () => signed(stamped(`${ORDER}&note=é`), rsa).replace('é', '%C3%A9'),
    'not percent-encoded at all': () => signed(stamped(`${ORDER}&note=é`), rsa),
    'lower case instead of upper case': () => {
      const signature = encodeURIComponent(signatureOf(stamped(ORDER), rsa).toLowerCase());
      return `${stamped(ORDER)}&signature=${signature}`;
    },
    'not base64': () => `${stamped(ORDER)}&signature=%21%21`,
    'an ampersand too many': () => `${signed(stamped(ORDER), rsa)}&`,
  };
  it.each(Object.entries(payloads))('%s', async (_, make) => {
    const reply = await post('/api/v3/order/test', make());
    expect(reply.status).toBe(400);
    expect(bodyOf(reply)).toEqual({ code: -1022, msg: 'Signature for this request is not valid.' });
  });
});

describe('parameters', () => {
  const missing = (name: string) => `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
  const rows: Record<string, [query: string, code: number, msg: string]> = {
    'no timestamp': ['recvWindow=5000', -1102, missing('timestamp')],
    'an empty timestamp': ['timestamp=', -1102, missing('timestamp')],
    'a timestamp that is no number': ['timestamp=now', -1102, missing('timestamp')],
    'a window with four decimals': [stamped('recvWindow=5000.1234'), -1102, missing('recvWindow')],
    'a window over a minute': [
      stamped('recvWindow=60000.001'),
      -1102,
      "'recvWindow' contains unexpected value. Cannot be greater than '60000'.",
    ],
    'the same parameter twice': [stamped(`timestamp=${NOW}`), -1101, 'Duplicate values for a parameter detected.'],
    'broken percent-encoding': [stamped('note=%E9'), -1100, 'Illegal characters found in a parameter.'],
  };
  it.each(Object.entries(rows))('%s', async (_, [query, code, msg]) => {
    const reply = await get(RESTRICTIONS, signed(query, rsa), trading);
    expect([reply.status, bodyOf(reply)]).toEqual([400, { code, msg }]);
  });

  it.each(['', 'signature='])('no signature: "%s"', async (end) => {
    const reply = await get(RESTRICTIONS, `${stamped('')}&${end}`, trading);
    expect([reply.status, bodyOf(reply)]).toEqual([400, { code: -1102, msg: missing('signature') }]);
  });

  const orders: Record<string, [order: string, code: number]> = {
    'without a symbol': [ORDER.replace('symbol=BTCUSDT&', ''), -1102],
    'a limit without a price': [ORDER.replace('&price=20000', ''), -1102],
    'an unknown symbol': [ORDER.replace('BTCUSDT', 'NOSUCH'), -1121],
    'a side that is none': [ORDER.replace('BUY', 'HOLD'), -1117],
    'a type that is none': [ORDER.replace('LIMIT', 'WISH'), -1116],
  };
  it.each(Object.entries(orders))('test order %s', async (_, [order, code]) => {
    for (const path of ['/api/v3/order/test', '/fapi/v1/order/test']) {
      const reply = await post(path, signed(stamped(order), rsa));
      expect([reply.status, bodyOf(reply).code]).toEqual([400, code]);
    }
  });
});

describe('the time window', () => {
  const rows: Record<string, [query: string, code: number | null]> = {
    now: [`timestamp=${NOW}`, null],
    'as old as the default window': [`timestamp=${NOW - 5000}`, null],
    'a millisecond older': [`timestamp=${NOW - 5001}`, -1021],
    'as old as the longest window': [`timestamp=${NOW - 60_000}&recvWindow=60000`, null],
    'a millisecond older than that': [`timestamp=${NOW - 60_001}&recvWindow=60000`, -1021],
    'within a window of fractions': [`timestamp=${NOW}000&recvWindow=0.5`, null],
    'microseconds at the edge': [`timestamp=${NOW - 5000}000`, null],
    'a microsecond older': [`timestamp=${(NOW - 5000) * 1000 - 1}`, -1021],
    'almost a second ahead': [`timestamp=${NOW + 999}`, null],
    'a second ahead': [`timestamp=${NOW + 1000}`, -1021],
    'microseconds, almost a second ahead': [`timestamp=${(NOW + 1000) * 1000 - 1}`, null],
    'microseconds, a second ahead': [`timestamp=${(NOW + 1000) * 1000}`, -1021],
    'seconds instead of milliseconds': [`timestamp=${NOW / 1000}`, -1021],
  };
  it.each(Object.entries(rows))('%s', async (_, [query, code]) => {
    const reply = await get(RESTRICTIONS, signed(query, rsa), trading);
    expect([reply.status, bodyOf(reply).code ?? null]).toEqual(code === null ? [200, null] : [400, code]);
  });

  it('says on which side of it the request was', async () => {
    const late = await get(RESTRICTIONS, signed(`timestamp=${NOW - 9000}`, rsa), trading);
    const early = await get(RESTRICTIONS, signed(`timestamp=${NOW + 9000}`, rsa), trading);
    expect(bodyOf(late).msg).toBe('Timestamp for this request is outside of the recvWindow.');
    expect(bodyOf(early).msg).toBe("Timestamp for this request was 1000ms ahead of the server's time.");
  });
});

describe('keys that are refused', () => {
  const paths: [path: string, unknown: [number, number, string], rejected: [number, number, string]][] = [
    [RESTRICTIONS, [400, -2008, 'Invalid Api-Key ID.'], [400, -2015, REJECTED]],
    [ACCOUNT, [401, -2015, REJECTED], [401, -2015, REJECTED]],
    [FUTURES, [401, -2015, REJECTED_FUTURES], [401, -2015, REJECTED_FUTURES]],
  ];

  it.each(paths)('unknown to %s', async (path, [status, code, msg]) => {
    const reply = await get(path, signed(stamped(''), rsa), UNKNOWN_ID);
    expect([reply.status, bodyOf(reply)]).toEqual([status, { code, msg }]);
  });

  it.each(paths)('from an address outside the list, on %s', async (path, _, [status, code, msg]) => {
    const reply = await get(path, signed(stamped(''), elsewherePair), elsewhere);
    expect([reply.status, bodyOf(reply)]).toEqual([status, { code, msg }]);
    expect(await get(path, signed(stamped(''), elsewherePair), elsewhere, '127.0.0.2')).toMatchObject({ status: 200 });
  });

  it.each(paths)('without the permission, on %s', async (path, _, [status, code, msg]) => {
    const reply = await get(path, signed(stamped(''), blindPair), blind);
    expect([reply.status, bodyOf(reply)]).toEqual([status, { code, msg }]);
  });

  it('a key that only reads may not send orders, nor see futures', async () => {
    const order = signed(stamped(ORDER), readingPair);
    expect(bodyOf(await post('/api/v3/order/test', order, reading))).toEqual({ code: -2015, msg: REJECTED });
    expect(bodyOf(await post('/fapi/v1/order/test', order, reading))).toEqual({ code: -2015, msg: REJECTED_FUTURES });
    expect(bodyOf(await get(FUTURES, signed(stamped(''), readingPair), reading)).code).toBe(-2015);
  });

  it('the address is checked before the signature', async () => {
    const reply = await get(RESTRICTIONS, signed(stamped(''), rsa), elsewhere);
    expect(bodyOf(reply).code).toBe(-2015);
  });

  it.each(['short', `${'a'.repeat(63)}!`, 'a'.repeat(65), ''])('malformed: "%s"', async (apiKey) => {
    for (const [path] of paths) {
      const reply = await get(path, signed(stamped(''), rsa), apiKey);
      expect([reply.status, bodyOf(reply)]).toEqual([401, { code: -2014, msg: 'API-key format invalid.' }]);
    }
  });

  it('without a key header', async () => {
    const reply = await send(sandbox.port, { target: `${ACCOUNT}?${signed(stamped(''), rsa)}` });
    expect([reply.status, bodyOf(reply).code]).toEqual([401, -2014]);
  });

  it('deleted: unknown from then on', async () => {
    const pair = edPair();
    const apiKey = await register(sandbox.port, pair, { enableReading: 'true', enableFutures: 'true' });
    expect((await get(RESTRICTIONS, signed(stamped(''), pair), apiKey)).status).toBe(200);
    await change(sandbox.port, 'delete', { apiKey });
    for (const [path, [status, code, msg]] of paths) {
      const reply = await get(path, signed(stamped(''), pair), apiKey);
      expect([reply.status, bodyOf(reply)]).toEqual([status, { code, msg }]);
    }
  });
});

describe('paths, methods and budgets', () => {
  it('each host has its own way of not knowing a path', async () => {
    const [spot, wallet, futures] = await Promise.all(
      ['/api/v3/nothing', '/sapi/v1/nothing', '/fapi/v1/nothing'].map((target) => send(sandbox.port, { target })),
    );
    expect(spot).toMatchObject({ status: 404, text: '<html><body><h2>404 Not found</h2></body></html>' });
    expect(wallet?.status).toBe(404);
    expect(wallet && bodyOf(wallet)).toMatchObject({ status: 404, error: 'Not Found', path: '/sapi/v1/nothing' });
    expect(futures?.status).toBe(404);
    expect(futures && bodyOf(futures)).toEqual({ code: -5000, msg: 'Path /fapi/v1/nothing, Method GET is invalid' });
  });

  it('a method that a path does not have', async () => {
    const wallet = await post(RESTRICTIONS, signed(stamped(''), rsa));
    expect([wallet.status, bodyOf(wallet)]).toEqual([405, { code: -1000, msg: "Request method 'POST' not supported" }]);
    expect(await post(FUTURES, '')).toMatchObject({ status: 404 });
  });

  it('spot counts weight over all paths, the wallet for each path by itself', async () => {
    const fresh = await startSandbox({ port: 0, stateFile: null });
    const headersOf = async (target: string) => (await send(fresh.port, { target })).headers;
    expect((await headersOf('/api/v3/time'))['x-mbx-used-weight-1m']).toBe('1');
    expect((await headersOf('/api/v3/exchangeInfo'))['x-mbx-used-weight-1m']).toBe('21');
    expect((await headersOf('/fapi/v1/time'))['x-mbx-used-weight-1m']).toBe('1');
    expect((await headersOf('/sapi/v1/system/status'))['x-sapi-used-ip-weight-1m']).toBe('1');
    expect((await headersOf(RESTRICTIONS))['x-sapi-used-ip-weight-1m']).toBe('1');
    fresh.turnClock(new Date(Date.now() + 60_000));
    expect((await headersOf('/api/v3/time'))['x-mbx-used-weight-1m']).toBe('1');
    await fresh.close();
  });
});
