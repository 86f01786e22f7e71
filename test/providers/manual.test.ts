import { createPublicKey, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { nodeKeys } from '../../providers/index.ts';
import { signedJwt } from '../../providers/venues/manual/jwt.ts';
import { ManualOptions } from '../../providers/venues/manual/options.ts';
import { openManual } from '../../providers/venues/manual.ts';
import type { Venue } from '../../src/ports/venue.ts';
import { serve } from './loopback.ts';

/** How a venue of one’s own is asked over HTTP, and what its answers are taken for. */

const NOW = new Date('2026-06-01T12:00:00Z');
const keys = nodeKeys();

interface Request {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A venue whose service answers as `reply` says, and what it was asked. */
async function aVenue(
  http: Record<string, unknown>,
  reply: (request: Request) => Reply,
  more: Record<string, unknown> = {},
): Promise<{ venue: Venue; asked: Request[] }> {
  const asked: Request[] = [];
  const { url } = await serve(async (incoming, outgoing) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, url: path, headers, body };
    asked.push(request);
    const answer = reply(request);
    outgoing.writeHead(answer.status, { date: NOW.toUTCString(), ...answer.headers }).end(answer.body);
  });
  const options = ManualOptions.parse({
    title: 'Gateway',
    page: 'a page',
    register: ['Register it.'],
    delete: ['Delete it.'],
    algorithms: ['ed25519'],
    probe: {
      http: {
        url: `${url}/me`,
        headers: { 'x-key': '{apiKey}', 'x-signature': '{signature}' },
        sign: '{apiKey}',
        alive: { status: 200, json: { path: 'user.active', equals: true } },
        dead: { status: 401, json: { path: 'error', equals: 'unknown' } },
        ...http,
      },
    },
    ...more,
  });
  const venue = openManual(options, {
    clock: { now: () => NOW },
    keys,
    folder: '/',
    insideProxy: null,
    outsideProxy: null,
  });
  return { venue, asked };
}

const credential = async () => ({ apiKey: 'key-1', signer: await keys.throwAway() });
const json = (status: number, body: object): Reply => ({ status, body: JSON.stringify(body) });

describe('a request', () => {
  it('signs exactly the text it says it does, in the encoding it says', async () => {
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const http = {
        headers: { 'x-at': '{timestamp}', 'x-nonce': '{nonce}', 'x-signature': '{signature}' },
        sign: '{timestamp}|{apiKey}|{nonce}',
        signature: encoding,
      };
      const { venue, asked } = await aVenue(http, () => json(200, { user: { active: true } }));
      const { apiKey, signer } = await credential();
      expect((await venue.probe({ apiKey, signer })).answers[0]?.kind).toBe('accepted');
      const { 'x-at': at, 'x-nonce': nonce, 'x-signature': signature } = asked[0]?.headers ?? {};
      expect(at).toBe(String(NOW.getTime()));
      const signed = Buffer.from([at, apiKey, nonce].join('|'));
      expect(verify(null, signed, createPublicKey(signer.publicKey), Buffer.from(String(signature), encoding))).toBe(
        true,
      );
    }
  });

  it('encodes values for the place they stand in', async () => {
    const form = {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'key={apiKey}&signature={signature}',
    };
    const { venue, asked } = await aVenue(form, () => json(200, { user: { active: true } }));
    const { signer } = await credential();
    await venue.probe({ apiKey: 'key-1', signer });
    const sent = new URLSearchParams(asked[0]?.body);
    expect(sent.get('signature')).toBe(signer.sign(Buffer.from('key-1')).toString('base64'));
    expect(asked[0]?.method).toBe('POST');
  });

  it('takes timestamps in seconds, and leaves the braces of JSON alone', async () => {
    const post = { method: 'POST', timestamp: 's', body: '{"at":{timestamp},"key":{"id":"{apiKey}"}}' };
    const { venue, asked } = await aVenue(post, () => json(200, {}));
    await venue.probe(await credential());
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ at: NOW.getTime() / 1000, key: { id: 'key-1' } });
  });

  it('never follows a redirect with what was signed', async () => {
    const { venue, asked } = await aVenue({}, () => ({ status: 307, headers: { location: '/elsewhere' } }));
    expect((await venue.probe(await credential())).answers[0]).toMatchObject({ kind: 'no-information' });
    expect(asked).toHaveLength(1);
  });
});

describe('an answer', () => {
  const ROWS: Record<string, [Reply, object, Record<string, unknown>?]> = {
    'as to a key that works': [json(200, { user: { active: true } }), { kind: 'accepted', shape: '' }],
    'as to an unknown key': [json(401, { error: 'unknown' }), { kind: 'unknown-key', shape: '"unknown"' }],
    'as to both, when refused keys get the same': [
      json(401, { error: 'unknown' }),
      { kind: 'refused' },
      { refused: { status: 401 } },
    ],
    'as to a refused key': [json(403, {}), { kind: 'refused', shape: 'null' }, { refused: { status: 403 } }],
    'that fits alive and dead at once': [
      json(200, { user: { active: true }, error: 'unknown' }),
      { kind: 'no-information', why: 'unexpected-answer' },
      { dead: { json: { path: 'error', equals: 'unknown' } } },
    ],
    'that fits nothing': [json(401, { error: 'late' }), { kind: 'no-information', why: 'unexpected-answer' }],
    'that is a login page': [
      { status: 200, body: '<html>' },
      { kind: 'no-information', why: 'unexpected-answer' },
    ],
    'that asks to wait': [
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'no-information', why: 'rate-limited', retryAfter: 7 },
    ],
    'of a broken service': [{ status: 503 }, { kind: 'no-information', why: 'server-error' }],
  };
  it.each(Object.entries(ROWS))('%s', async (_name, [reply, expected, http = {}]) => {
    const { venue } = await aVenue(http, () => reply);
    expect((await venue.probe(await credential())).answers).toMatchObject([expected]);
  });

  it('is compared without what names this one key, request or address', async () => {
    const { venue } = await aVenue({ dead: { status: 401 } }, ({ headers }) => ({
      status: 401,
      body: `no key ${String(headers['x-key'])}, request 7f9c24e8-3b12-4fef-91e0-5de2ea13d1a2 from 127.0.0.1`,
    }));
    const [one, other] = [await venue.probe(await credential()), await venue.probeStranger()];
    expect(one.answers).toEqual(other.answers);
    expect(one.answers[0]).toMatchObject({ kind: 'unknown-key', shape: 'no key <key>, request <id> from #.#.#.#' });
  });

  it('is compared without the key id that its address had, encoded', async () => {
    const origin = await serve(({ url }, outgoing) => void outgoing.writeHead(404).end(`no such page: ${url}`));
    const { venue } = await aVenue(
      { url: `${origin.url}/keys/{apiKey}`, dead: { status: 404 } },
      () => expect.unreachable(),
      { keyId: { pattern: 'desk/{lower:8}', description: 'desk/ and 8 letters' } },
    );
    const subject = await venue.probe({ ...(await credential()), apiKey: 'desk/a1b2c3d4' });
    expect(subject.answers).toEqual((await venue.probeStranger()).answers);
    expect(subject.answers[0]?.shape).toBe('no such page: /keys/<key>');
  });

  it('to an unknown key is no proof where keys are tied to addresses and nothing says how those are refused', async () => {
    const { venue } = await aVenue({}, () => json(401, { error: 'unknown' }), { limits: { allowlistEntries: 5 } });
    expect((await venue.probeStranger()).answers[0]?.kind).toBe('refused');
  });

  it('that should show a switch and does not says nothing of the key', async () => {
    const switches = [{ label: 'Pay', path: 'scopes.pay' }];
    const { venue } = await aVenue({}, () => json(200, { user: { active: true }, scopes: { pay: 'no' } }), {
      switches,
    });
    expect(await venue.probe(await credential())).toMatchObject({
      answers: [{ kind: 'no-information', why: 'unexpected-answer' }],
      inspection: null,
    });
  });
});

describe('conditions', () => {
  const well = (http: Record<string, unknown>, reply: Reply) =>
    aVenue(http, () => reply).then(({ venue }) => venue.conditions());

  it('take the clock from the Date header of a harmless request', async () => {
    const date = new Date(NOW.getTime() + 90_000).toUTCString();
    expect(await well({}, { status: 404, headers: { date } })).toEqual({ state: 'normal', clockOffsetMs: 90_000 });
  });

  it('know no clock where none is shown', async () => {
    expect(await well({}, { status: 200, headers: { date: 'never' } })).toEqual({
      state: 'normal',
      clockOffsetMs: null,
    });
  });

  it('take the clock from where health says it is', async () => {
    const { venue } = await aVenue({}, () => json(200, {}));
    expect(await venue.conditions()).toMatchObject({ clockOffsetMs: 0 });
    const health = (url: string) => ({ health: { url: `${url}/health`, clock: { path: 'now', unit: 's' } } });
    const { url } = await serve(
      (_request, response) => void response.end(JSON.stringify({ now: NOW.getTime() / 1000 + 5 })),
    );
    expect(await well(health(url), { status: 200 })).toEqual({ state: 'normal', clockOffsetMs: 5000 });
  });

  it('are trouble while the service is broken', async () => {
    expect(await well({}, { status: 502 })).toMatchObject({ state: 'trouble', why: 'server-error' });
  });
});

it('a token of an RSA key is RS256, and its own fields cannot be overruled', async () => {
  const material = await keys.generate('rsa-2048', false);
  const options = { header: { alg: 'none', typ: 'at+jwt' }, claims: { sub: '{apiKey}', exp: 1 }, lifetimeSeconds: 30 };
  const token = signedJwt(options, { apiKey: 'key-1', signer: keys.signer(material) }, { apiKey: 'key-1' }, NOW);
  const [header = '', claims = '', signature = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(read(header)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: 'key-1' });
  expect(read(claims)).toEqual({ sub: 'key-1', iat: NOW.getTime() / 1000, exp: NOW.getTime() / 1000 + 30 });
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify('sha256', signed, material.publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
});
