import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { bodyOf, change, edPair, type Pair, register, rsaPair, type Sending, send, signatureOf } from './client.ts';

/** The exchanges beside Binance: what they sign, and how they refuse. */

let sandbox: Sandbox;
const pairs = { bybit: rsaPair(), bitget: rsaPair(), deribit: edPair() };
const keys = { bybit: '', bitget: '', deribit: '' };
const stranger = rsaPair();

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  const restrictions = { ipAllowlist: '127.0.0.1' };
  keys.bybit = await register(sandbox.port, pairs.bybit, { venue: 'bybit', 'Spot.SpotTrade': 'on', ...restrictions });
  keys.bitget = await register(sandbox.port, pairs.bitget, {
    venue: 'bitget',
    passphrase: 'correct horse',
    stow: 'on',
    ...restrictions,
  });
  keys.deribit = await register(sandbox.port, pairs.deribit, {
    venue: 'deribit',
    'account:read': 'on',
    ...restrictions,
  });
});
afterAll(() => sandbox.close());

interface Asking {
  apiKey?: string;
  pair?: Pair;
  at?: number;
  from?: string;
  /** What is signed where that is not what is sent. */
  signing?: string;
}

function bybit({ apiKey = keys.bybit, pair = pairs.bybit, at = Date.now(), from, signing }: Asking = {}) {
  const window = '5000';
  const headers = {
    'X-BAPI-API-KEY': apiKey,
    'X-BAPI-TIMESTAMP': `${at}`,
    'X-BAPI-RECV-WINDOW': window,
    'X-BAPI-SIGN': signatureOf(signing ?? `${at}${apiKey}${window}a=%20+`, pair),
  };
  return ask({ target: '/v5/user/query-api?a=%20+', headers, ...(from ? { from } : {}) }, 'retCode');
}

function bitget({ apiKey = keys.bitget, pair = pairs.bitget, at = Date.now(), from, signing }: Asking = {}) {
  const target = '/api/v2/spot/account/info?a=%20+';
  const headers = {
    'ACCESS-KEY': apiKey,
    'ACCESS-TIMESTAMP': `${at}`,
    'ACCESS-PASSPHRASE': 'correct horse',
    'ACCESS-SIGN': signatureOf(signing ?? `${at}GET${target}`, pair),
  };
  return ask({ target, headers, ...(from ? { from } : {}) }, 'code');
}

function deribit({ apiKey = keys.deribit, pair = pairs.deribit, at = Date.now(), from, signing }: Asking = {}) {
  const signature = Buffer.from(signatureOf(signing ?? `${at}\nn\n`, pair), 'base64').toString('base64url');
  const params = { grant_type: 'client_signature', client_id: apiKey, timestamp: at, nonce: 'n', data: '', signature };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'public/auth', params });
  return ask({ method: 'POST', target: '/api/v2/public/auth', body, ...(from ? { from } : {}) }, 'error');
}

/** The code of the answer; that of Deribit is within `error`, which a success lacks. */
async function ask(sending: Sending, field: string): Promise<unknown> {
  const answer = bodyOf(await send(sandbox.port, sending))[field];
  return answer !== null && typeof answer === 'object' && 'code' in answer ? answer.code : answer;
}

const SECOND = 1_100;

describe.each([
  {
    name: 'Bybit',
    asks: bybit,
    unknownId: 'A'.repeat(18),
    ok: 0,
    unknown: 10003,
    sign: 10004,
    foreign: 10010,
    late: 10002,
  },
  {
    name: 'Bitget',
    asks: bitget,
    unknownId: `bg_${'0'.repeat(32)}`,
    ok: '00000',
    unknown: '40037',
    sign: '40009',
    foreign: '40018',
    late: '40008',
  },
  {
    name: 'Deribit',
    asks: deribit,
    unknownId: 'AAAAAAAA',
    ok: undefined,
    unknown: 13004,
    sign: 13004,
    foreign: 13004,
    late: 13004,
  },
])('$name', ({ asks, unknownId, ok, unknown, sign, foreign, late }) => {
  it('takes a signature over exactly the bytes that were sent', async () => {
    expect(await asks()).toBe(ok);
    expect(await asks({ signing: 'other bytes' })).toBe(sign);
    expect(await asks({ pair: stranger })).toBe(sign);
  });
  it('has a word for a key it does not know', async () => expect(await asks({ apiKey: unknownId })).toBe(unknown));
  it('has a word for an address that is not listed', async () =>
    expect(await asks({ from: '127.0.0.2' })).toBe(foreign));
  it('has a word for a request that comes late', async () =>
    expect(await asks({ at: Date.now() - 61_000 })).toBe(late));
  it('knows no key of another exchange', async () => {
    const others = Object.values(keys).filter((key) => key.length !== unknownId.length);
    for (const apiKey of others) expect(await asks({ apiKey })).not.toBe(ok);
  });
});

it('Bitget wants the passphrase, and a second between two requests', async () => {
  await new Promise((resolve) => void setTimeout(resolve, SECOND));
  const at = Date.now();
  const headers = {
    'ACCESS-KEY': keys.bitget,
    'ACCESS-TIMESTAMP': `${at}`,
    'ACCESS-SIGN': signatureOf(`${at}GET/api/v2/spot/account/info`, pairs.bitget),
  };
  expect(await ask({ target: '/api/v2/spot/account/info', headers }, 'code')).toBe('40012');
  expect(await bitget()).toBe('00000');
  expect(await bitget()).toBe('429');
});

describe('the page', () => {
  const page = (venue: string) =>
    send(sandbox.port, {
      target: `/en/my/settings/api-management?venue=${venue}`,
      headers: { accept: 'text/html' },
    });

  it('of each exchange has its switches and keys, and leads to the others', async () => {
    const { text } = await page('bybit');
    expect(text).toContain('Bybit account <strong>main</strong>');
    expect(text).toContain('Wallet – Withdrawal');
    expect(text).toContain(keys.bybit);
    expect(text).not.toContain(keys.bitget);
    expect(text).toContain('?venue=deribit');
    expect((await page('bitget')).text).toContain('type="password" id="passphrase"');
    expect((await page('kraken')).status).toBe(400);
  });

  it('takes what the exchange takes', async () => {
    const refusals: Record<string, Record<string, string>> = {
      'no Ed25519': { venue: 'bybit', label: 'a', publicKey: edPair().publicKey },
      'no such name': { venue: 'deribit', label: 'with-dashes', publicKey: edPair().publicKey },
      'no passphrase': { venue: 'bitget', label: 'a', publicKey: rsaPair().publicKey },
    };
    for (const form of Object.values(refusals)) expect((await change(sandbox.port, 'create', form)).status).toBe(400);
  });
});

it('keys of every exchange survive a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-houses-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const stateFile = join(folder, 'state.json');
  const started = async () => {
    const running = await startSandbox({ port: 0, stateFile });
    onTestFinished(() => running.close());
    return running;
  };
  const { port } = await started();
  const apiKey = await register(port, pairs.bitget, { venue: 'bitget', passphrase: 'correct horse', stow: 'on' });
  const again = await started();
  const target = '/en/my/settings/api-management?venue=bitget';
  const { keys: kept } = bodyOf(await send(again.port, { target, headers: { accept: 'application/json' } }));
  expect(kept).toMatchObject([{ apiKey, stow: true }]);
});

it('the journal and the faults know the keys of every exchange', async () => {
  sandbox.journal.clear();
  await deribit();
  await bybit();
  expect(sandbox.journal.entries().map(({ path, key }) => `${path} ${key}`)).toEqual([
    '/api/v2/public/auth test',
    '/v5/user/query-api test',
  ]);
  sandbox.faults.switchOn({ kind: 'unknown-key', key: keys.bybit });
  expect(await bybit()).toBe(10003);
  expect(await deribit()).toBeUndefined();
  sandbox.faults.switchAllOff();
});
