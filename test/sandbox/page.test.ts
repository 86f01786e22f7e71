import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { bodyOf, change, edPair, type Pair, postForm, register, rsaPair, send, signed } from './client.ts';

const PAGE = '/en/my/settings/api-management';
const NOW = Date.UTC(2026, 10, 24, 9);

let sandbox: Sandbox;
let rsa: Pair;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null, now: () => new Date(NOW) });
  rsa = rsaPair();
});

afterAll(() => sandbox.close());

const show = (query: string, headers = {}) => send(sandbox.port, { target: `${PAGE}?${query}`, headers });

const keysOf = async (account: string) => {
  const { keys } = bodyOf(await show(`account=${account}`, { accept: 'application/json' }));
  return keys as Record<string, unknown>[];
};

const restrictionsOf = async (apiKey: string, pair: Pair) => {
  const target = `/sapi/v1/account/apiRestrictions?${signed(`timestamp=${NOW}`, pair)}`;
  return bodyOf(await send(sandbox.port, { target, headers: { 'x-mbx-apikey': apiKey } }));
};

const create = (fields: Record<string, string>) => change(sandbox.port, 'create', { label: 'spot', ...fields });

const privatePem = (key: KeyObject, passphrase?: string): string =>
  key
    .export({
      format: 'pem',
      type: 'pkcs8',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    })
    .toString();

describe('for scripts', () => {
  it('creating answers with the id, the fingerprint and every switch; only reading is on', async () => {
    const reply = await create({ account: 'plain', publicKey: rsa.publicKey });
    const der = createPublicKey(rsa.publicKey).export({ format: 'der', type: 'spki' });
    expect(reply.status).toBe(201);
    expect(bodyOf(reply)).toMatchObject({
      apiKey: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
      account: 'plain',
      label: 'spot',
      type: 'RSA 2048',
      fingerprint: createHash('sha256').update(der).digest('hex'),
      createTime: NOW,
      ipRestrict: false,
      ipAllowlist: [],
      enableReading: true,
      enableSpotAndMarginTrading: false,
    });
    expect(await keysOf('plain')).toEqual([bodyOf(reply)]);
  });

  it('posted switches are the whole set', async () => {
    const reply = await create({ account: 'set', publicKey: rsa.publicKey, enableFutures: 'on', enableMargin: '1' });
    const on = Object.entries(bodyOf(reply)).filter(([, value]) => value === true);
    expect(on.map(([field]) => field)).toEqual(['enableMargin', 'enableFutures']);
  });

  it('editing replaces what is posted and leaves the rest', async () => {
    const pair = edPair();
    const apiKey = await register(sandbox.port, pair, {
      account: 'edit',
      enableReading: 'true',
      enableFutures: 'true',
    });
    const addresses = await change(sandbox.port, 'edit', { apiKey, ipAllowlist: '127.0.0.0/8' });
    expect(bodyOf(addresses)).toMatchObject({ ipRestrict: true, ipAllowlist: ['127.0.0.0/8'], enableFutures: true });
    await change(sandbox.port, 'edit', { apiKey, enableReading: 'true', enableWithdrawals: 'true' });
    expect(await restrictionsOf(apiKey, pair)).toMatchObject({
      ipRestrict: true,
      enableFutures: false,
      enableWithdrawals: true,
    });
    const open = await change(sandbox.port, 'edit', { apiKey, ipRestrict: 'false', enableReading: 'true' });
    expect(bodyOf(open)).toMatchObject({ ipRestrict: false, ipAllowlist: [], enableWithdrawals: false });
  });

  it('deleting once works, twice is not found', async () => {
    const apiKey = await register(sandbox.port, rsa, { account: 'gone' });
    const first = await change(sandbox.port, 'delete', { apiKey, account: 'gone' });
    expect([first.status, bodyOf(first)]).toEqual([200, { apiKey, deleted: true }]);
    expect((await change(sandbox.port, 'delete', { apiKey, account: 'gone' })).status).toBe(404);
    expect(await keysOf('gone')).toEqual([]);
  });

  it('a key belongs to one account, whose uid stays the same', async () => {
    const apiKey = await register(sandbox.port, rsa, { account: 'mine' });
    expect((await change(sandbox.port, 'delete', { apiKey, account: 'yours' })).status).toBe(404);
    expect((await change(sandbox.port, 'edit', { apiKey, account: 'yours' })).status).toBe(404);
    const uids = await Promise.all(
      ['mine', 'mine', 'yours'].map(async (name) => {
        return bodyOf(await show(`account=${name}`, { accept: 'application/json' })).uid;
      }),
    );
    expect(uids[0]).toBe(uids[1]);
    expect(uids[0]).not.toBe(uids[2]);
    expect(String(uids[0])).toMatch(/^\d{9}$/);
  });

  it('the 31st key is refused, and fits after another was deleted', async () => {
    for (let made = 0; made < 30; made += 1) await register(sandbox.port, edPair(), { account: 'full' });
    const last = edPair();
    const refused = await create({ account: 'full', publicKey: last.publicKey });
    expect([refused.status, bodyOf(refused).error]).toEqual([
      409,
      'an account takes at most 30 keys; delete one first',
    ]);
    const [first] = await keysOf('full');
    await change(sandbox.port, 'delete', { apiKey: String(first?.apiKey) });
    expect((await create({ account: 'full', publicKey: last.publicKey })).status).toBe(201);
  });

  it('the same public key twice in an account is refused, in another account it is not', async () => {
    await register(sandbox.port, rsa, { account: 'twice' });
    expect((await create({ account: 'twice', publicKey: rsa.publicKey })).status).toBe(409);
    expect((await create({ account: 'thrice', publicKey: rsa.publicKey })).status).toBe(201);
  });
});

describe('public keys', () => {
  const body = () => rsa.publicKey.split('\n').slice(1, -2).join('\n');
  const accepted: Record<string, () => string> = {
    'without header and footer': body,
    'with Windows line ends': () => rsa.publicKey.replaceAll('\n', '\r\n'),
    'on one line': () => rsa.publicKey.replaceAll('\n', ' '),
    'with space around': () => `\n\n  ${rsa.publicKey}\t\n`,
  };
  it.each(Object.entries(accepted))('taken %s', async (name, make) => {
    const reply = await create({ account: `pem-${name.replace(/\W/g, '-').toLowerCase()}`, publicKey: make() });
    expect(reply.status).toBe(201);
  });

  const refused: Record<string, [make: () => string, error: RegExp]> = {
    nothing: [() => ' ', /^the public key is missing/],
    text: [() => 'hello there!', /^this is not a public key/],
    'base64 of something else': [() => Buffer.from('hello').toString('base64'), /^this is not a public key/],
    'RSA 3072': [() => rsaPair(3072).publicKey, /^a key of type rsa with 3072 bits is not accepted/],
    'a private key': [() => privatePem(rsa.privateKey), /^this is a private key; it was not stored/],
    'an encrypted private key': [() => privatePem(rsa.privateKey, 'pass'), /^this is a private key/],
    'a private key without its header': [
      () => privatePem(rsa.privateKey).split('\n').slice(1, -2).join(''),
      /^this is a private key/,
    ],
    'an encrypted private key without its header': [
      () => privatePem(rsa.privateKey, 'pass').split('\n').slice(1, -2).join(''),
      /^this is a private key/,
    ],
  };
  it.each(Object.entries(refused))('refused: %s, never repeated', async (_, [make, error]) => {
    const pasted = make();
    for (const accept of ['application/json', 'text/html']) {
      const fields = { account: 'refused', label: 'spot', publicKey: pasted };
      const reply = await postForm(sandbox.port, `${PAGE}/create`, fields, { accept });
      expect(reply.status).toBe(400);
      if (accept === 'application/json') expect(bodyOf(reply).error).toMatch(error);
      const line = pasted.split('\n').at(5);
      if (line) expect(reply.text).not.toContain(line);
    }
    expect(await keysOf('refused')).toEqual([]);
  });

  it('a private key in the wrong box is not repeated either', async () => {
    const fields = { label: privatePem(rsa.privateKey), publicKey: rsa.publicKey };
    const reply = await postForm(sandbox.port, `${PAGE}/create`, fields);
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('this is a private key');
    expect(reply.text).not.toContain(fields.label.split('\n')[3]);
  });
});

describe('values that are refused', () => {
  const rows: Record<string, [fields: Record<string, string>, error: RegExp]> = {
    'withdrawals without addresses': [{ enableWithdrawals: 'true' }, /^withdrawals can only be enabled/],
    'FIX on an RSA key': [{ enableFixApiTrade: 'true' }, /^FIX API access needs an Ed25519 key/],
    'no label': [{ label: ' ' }, /^the label needs 1 to 100 characters/],
    'a restriction without addresses': [{ ipRestrict: 'true' }, /^the list of trusted addresses is empty/],
    'something that is no address': [{ ipAllowlist: '10.0.0.1, gateway' }, /^gateway is neither an address nor/],
    'a network that is too long': [{ ipAllowlist: '10.0.0.1/33' }, /^10.0.0.1\/33 is neither/],
    '31 addresses': [
      { ipAllowlist: Array.from({ length: 31 }, (_, index) => `10.0.0.${index}`).join() },
      /^a key takes at most 30 addresses, not 31/,
    ],
    'a switch that is half on': [{ enableReading: 'maybe' }, /^enableReading is neither true nor false/],
    'an account that cannot be': [{ account: '../etc' }, /^the account has no valid name/],
  };
  it.each(Object.entries(rows))('%s', async (_, [fields, error]) => {
    const reply = await create({ account: 'values', publicKey: rsa.publicKey, ...fields });
    expect(reply.status).toBe(400);
    expect(bodyOf(reply).error).toMatch(error);
  });

  it('a body that is no form', async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const reply = await send(sandbox.port, { method: 'POST', target: `${PAGE}/create`, headers, body: '{}' });
    expect([reply.status, bodyOf(reply).error]).toEqual([
      400,
      'the request is not a form; post application/x-www-form-urlencoded',
    ]);
  });

  it('other methods', async () => {
    expect(await send(sandbox.port, { target: `${PAGE}/create` })).toMatchObject({ status: 405 });
    expect(await send(sandbox.port, { method: 'PUT', target: PAGE })).toMatchObject({ status: 405 });
  });
});

describe('for people', () => {
  it('the way in leads to the page', async () => {
    const reply = await send(sandbox.port, { target: '/?account=people' });
    expect([reply.status, reply.headers.location]).toEqual([302, `${PAGE}?account=people`]);
  });

  it('the page says what it is, and uses the words of the exchange', async () => {
    const { status, text, headers } = await show('account=words');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(text).toContain('<strong>keyturn sandbox</strong>');
    expect(text).toContain('name="enableReading" value="true" checked>');
    for (const words of ['Enable Reading', 'Enable Spot &#38; Margin Trading', 'Permits Universal Transfer']) {
      expect(text).toContain(words);
    }
    expect(text).not.toMatch(/https?:|<script|src=/);
  });

  it('creating leads back to the page, which shows the new id', async () => {
    const fields = { account: 'people', label: 'Tom & <Jerry>', publicKey: rsa.publicKey, enableReading: 'true' };
    const posted = await postForm(sandbox.port, `${PAGE}/create`, fields, { accept: 'text/html,*/*' });
    expect(posted.status).toBe(303);
    const [key] = await keysOf('people');
    expect(posted.headers.location).toBe(`${PAGE}?account=people&created=${String(key?.apiKey)}`);
    const { text } = await send(sandbox.port, { target: String(posted.headers.location) });
    expect(text).toContain(`<code id="created-api-key" class="big">${String(key?.apiKey)}</code>`);
    expect(text).toContain('Tom &#38; &#60;Jerry&#62;');
    expect(text).toContain(`SHA-256 ${String(key?.fingerprint)}`);
  });

  it('unticking every box switches everything off', async () => {
    const apiKey = await register(sandbox.port, edPair(), { account: 'untick' });
    await postForm(sandbox.port, `${PAGE}/edit`, { account: 'untick', apiKey, enableReading: 'false' });
    expect(await keysOf('untick')).toMatchObject([{ enableReading: false }]);
  });

  it('a form that failed comes back as it was typed, with what was wrong', async () => {
    const fields = { account: 'typed', label: 'payouts', publicKey: rsa.publicKey, enableWithdrawals: 'true' };
    const { status, text } = await postForm(sandbox.port, `${PAGE}/create`, { ...fields, ipAllowlist: 'x<y' });
    expect(status).toBe(400);
    expect(text).toContain('role="alert">x&#60;y is neither an address nor a network');
    expect(text).toContain('value="payouts"');
    expect(text).toContain(rsa.publicKey.split('\n')[2]);
    expect(text).toContain('name="enableWithdrawals" value="true" checked>');
    expect(text).not.toContain('name="enableReading" value="true" checked>');
  });

  it('an edit that failed opens the form of its key', async () => {
    const apiKey = await register(sandbox.port, edPair(), { account: 'reopen' });
    const fields = { account: 'reopen', apiKey, ipRestrict: 'true', ipAllowlist: '' };
    const { status, text } = await postForm(sandbox.port, `${PAGE}/edit`, fields);
    expect(status).toBe(400);
    expect(text).toContain('<details open>');
  });
});

describe('other web sites', () => {
  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1'])('cannot post from %s', async (origin) => {
    const apiKey = await register(sandbox.port, edPair(), { account: 'origin' });
    const reply = await postForm(sandbox.port, `${PAGE}/delete`, { apiKey }, { origin });
    expect(reply.status).toBe(403);
    expect(await keysOf('origin')).not.toEqual([]);
    await change(sandbox.port, 'delete', { apiKey });
  });

  it('the page itself can', async () => {
    const apiKey = await register(sandbox.port, edPair(), { account: 'origin' });
    expect(await postForm(sandbox.port, `${PAGE}/delete`, { apiKey }, { origin: sandbox.url })).toMatchObject({
      status: 303,
    });
  });

  it.each(['evil.example', 'localhost.evil.example', '10.0.0.1:8787'])('cannot reach it as %s', async (host) => {
    expect((await show('', { host })).status).toBe(403);
  });

  it.each(['localhost', 'localhost:8787', '127.0.0.1:1', '127.0.0.2', '[::1]:8787'])('%s is us', async (host) => {
    expect((await show('', { host })).status).toBe(200);
  });
});
