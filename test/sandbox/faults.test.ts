import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../src/sandbox/fault-kinds.ts';
import type { FaultDraft } from '../../src/sandbox/faults.ts';
import type { JournalEntry } from '../../src/sandbox/journal.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { bodyOf, change, edPair, type Pair, postForm, register, send, signed } from './client.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const RESTRICTIONS = '/sapi/v1/account/apiRestrictions';
const ACCOUNT = '/api/v3/account';
const FAULTS = '/sandbox/faults';

let now: number;
let sandbox: Sandbox;
let pair: Pair;
let apiKey: string;

beforeEach(async () => {
  now = NOW;
  sandbox = await startSandbox({ port: 0, stateFile: null, now: () => new Date(now) });
  pair = edPair();
  apiKey = await register(sandbox.port, pair, { label: 'spot' });
});

afterEach(() => sandbox.close());

const ask = (path = RESTRICTIONS, timestamp = now, key = apiKey) =>
  send(sandbox.port, {
    target: `${path}?${signed(`timestamp=${timestamp}`, pair)}`,
    headers: { 'x-mbx-apikey': key },
  });

/** Status, and the code or the first characters of the body; how it ended where no whole answer came. */
const answered = (path?: string, timestamp?: number): Promise<string> =>
  ask(path, timestamp).then(
    ({ status, headers, text }) =>
      [status, headers['retry-after'] ?? headers.location, /"code":(-\d+)/.exec(text)?.[1] ?? text.slice(0, 7)]
        .filter((part) => part !== undefined && part !== '')
        .join(' '),
    ({ code }: NodeJS.ErrnoException) => String(code),
  );

const ROWS: Record<string, { draft: FaultDraft; path?: string; expected: string }> = {
  'the firewall blocks': { draft: { kind: 'blocked' }, expected: '403 <html><' },
  'the address is banned': { draft: { kind: 'banned' }, expected: '418 120 -1003' },
  'too many requests, with the pause that was chosen': {
    draft: { kind: 'rate-limited', seconds: 7 },
    expected: '429 7 -1003',
  },
  'an error inside': { draft: { kind: 'server-error' }, expected: '503 -1001' },
  'maintenance fails keys': { draft: { kind: 'maintenance' }, expected: '503 -1001' },
  'maintenance says so': {
    draft: { kind: 'maintenance' },
    path: '/sapi/v1/system/status',
    expected: '200 {"statu',
  },
  'the connection breaks before anything is done': { draft: { kind: 'reset-before' }, expected: 'ECONNRESET' },
  'the connection breaks after it was done': { draft: { kind: 'reset-after' }, expected: 'ECONNRESET' },
  'the connection breaks in the middle': { draft: { kind: 'truncated' }, expected: 'ECONNRESET' },
  'half a body': { draft: { kind: 'half-json' }, expected: '200 {"ipRes' },
  'a login page': { draft: { kind: 'captive-portal' }, expected: '200 <html><' },
  'some other JSON': { draft: { kind: 'other-json' }, expected: '200 {"statu' },
  'a key nobody knows': { draft: { kind: 'unknown-key' }, expected: '400 -2008' },
  'a key nobody knows, where that has no code of its own': {
    draft: { kind: 'unknown-key' },
    path: ACCOUNT,
    expected: '401 -2015',
  },
  'an address refused': { draft: { kind: 'refused' }, expected: '400 -2015' },
  'another public key': { draft: { kind: 'other-public-key' }, expected: '400 -1022' },
  'a clock an hour ahead': { draft: { kind: 'clock-skew' }, expected: '400 -1021' },
  'a clock an hour behind': { draft: { kind: 'clock-skew', seconds: -3600 }, expected: '400 -1021' },
};

describe('a fault', () => {
  it.each(Object.entries(ROWS))('%s, and all is well again', async (_, { draft, path, expected }) => {
    const before = await answered(path);
    const { id } = sandbox.faults.switchOn(draft);
    expect(await answered(path)).toBe(expected);
    sandbox.faults.switchOff(id);
    expect(await answered(path)).toBe(before);
    expect(before).toMatch(/^200 /);
  });

  it('redirects', async () => {
    sandbox.faults.switchOn({ kind: 'redirect' });
    expect(await ask()).toMatchObject({
      status: 302,
      headers: { location: `${sandbox.url}/elsewhere${RESTRICTIONS}` },
    });
  });

  it('leaves the caller hanging', async () => {
    sandbox.faults.switchOn({ kind: 'hang' });
    const waited = new Promise((resolve) => setTimeout(resolve, 200, 'still waiting'));
    const asked = ask().then(String, String);
    expect(await Promise.race([asked, waited])).toBe('still waiting');
  });

  it('adds a permission nobody heard of', async () => {
    sandbox.faults.switchOn({ kind: 'unknown-permission' });
    expect(bodyOf(await ask())).toMatchObject({ enableReading: true, enableTimeTravel: true });
    expect(bodyOf(await ask(ACCOUNT))).not.toHaveProperty('enableTimeTravel');
  });

  it('leaves out required fields', async () => {
    sandbox.faults.switchOn({ kind: 'missing-fields' });
    const body = bodyOf(await ask());
    expect(body).toHaveProperty('enableReading');
    expect(body).not.toHaveProperty('ipRestrict');
    expect(bodyOf(await ask(ACCOUNT))).not.toHaveProperty('uid');
  });

  it('accepts whatever key asks', async () => {
    sandbox.faults.switchOn({ kind: 'accepts-all' });
    expect(await ask(RESTRICTIONS, now, 'x'.repeat(64))).toMatchObject({ status: 200 });
  });

  it('lets a deleted key work for a while', async () => {
    sandbox.faults.switchOn({ kind: 'slow-deletion', seconds: 60 });
    await change(sandbox.port, 'delete', { apiKey });
    expect(await answered()).toMatch(/^200/);
    now += 60_000;
    expect(await answered()).toBe('400 -2008');
  });

  it('lets a deleted key work again now and then', async () => {
    sandbox.faults.switchOn({ kind: 'flickering-deletion', key: 'spot' });
    await change(sandbox.port, 'delete', { apiKey });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await ask()).status);
    expect(statuses).toEqual([400, 400, 200, 400, 400, 200]);
  });
});

describe('which calls it meets', () => {
  it('as many as it was switched on for', async () => {
    sandbox.faults.switchOn({ kind: 'server-error', times: 2 });
    expect([await answered(), await answered(), await answered()]).toEqual(['503 -1001', '503 -1001', '200 {"ipRes']);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('one path, or all that begin alike', async () => {
    sandbox.faults.switchOn({ kind: 'server-error', path: ACCOUNT });
    expect([await answered(), await answered(ACCOUNT)]).toEqual(['200 {"ipRes', '503 -1001']);
    sandbox.faults.switchOn({ kind: 'blocked', path: '/sapi/*' });
    expect([await answered(), await answered(ACCOUNT)]).toEqual(['403 <html><', '503 -1001']);
  });

  it('one key, by id or by label', async () => {
    for (const key of [apiKey, 'spot']) {
      const { id } = sandbox.faults.switchOn({ kind: 'blocked', key });
      expect(await answered()).toBe('403 <html><');
      expect(await ask(RESTRICTIONS, now, 'x'.repeat(64))).toMatchObject({ status: 400 });
      sandbox.faults.switchOff(id);
    }
  });

  it('never the pages: whoever switched it on can switch it off', async () => {
    sandbox.faults.switchOn({ kind: 'hang' });
    expect((await postForm(sandbox.port, FAULTS, { off: 'all' })).status).toBe(200);
    expect(await answered()).toMatch(/^200/);
  });

  it('several at once come one around the other', async () => {
    sandbox.faults.switchOn({ kind: 'clock-skew' });
    sandbox.faults.switchOn({ kind: 'unknown-permission' });
    expect(await answered(RESTRICTIONS, now)).toBe('400 -1021');
    expect(bodyOf(await ask(RESTRICTIONS, now + 3_600_000))).toHaveProperty('enableTimeTravel');
  });
});

describe('switching', () => {
  it('is a form for scripts', async () => {
    const on = await postForm(sandbox.port, FAULTS, { kind: 'rate-limited', key: 'spot', times: '3', seconds: '9' });
    const fault = { id: 1, kind: 'rate-limited', path: '*', key: 'spot', times: 3, seconds: 9, met: 0 };
    expect(bodyOf(on)).toEqual({ faults: [fault] });
    expect(bodyOf(await send(sandbox.port, { target: FAULTS }))).toEqual({ faults: [fault] });
    expect(bodyOf(await postForm(sandbox.port, FAULTS, { off: '1' }))).toEqual({ faults: [] });
  });

  it.each<[string, Record<string, string>, number, RegExp]>([
    ['another kind', { kind: 'gremlins' }, 400, /no such kind of fault; known: blocked, /],
    ['no kind', {}, 400, /no such kind/],
    ['a path of a page', { kind: 'hang', path: '/sandbox/faults' }, 400, /\/sapi\/\*/],
    ['a part of a request', { kind: 'hang', times: '1.5' }, 400, /whole number/],
    ['no requests', { kind: 'hang', times: '0' }, 400, /whole number/],
    ['years', { kind: 'hang', seconds: '99999999' }, 400, /seconds/],
    ['a fault that is not on', { off: '7' }, 404, /no such fault/],
  ])('%s is refused, and says what would do', async (_, fields, status, error) => {
    const reply = await postForm(sandbox.port, FAULTS, fields);
    expect(reply.status).toBe(status);
    expect(String(bodyOf(reply).error)).toMatch(error);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('is a page for people', async () => {
    const html = { accept: 'text/html' };
    const posted = await postForm(
      sandbox.port,
      FAULTS,
      { kind: 'slow-deletion', path: '', key: '<b>', times: '' },
      html,
    );
    expect(posted).toMatchObject({ status: 303, headers: { location: FAULTS } });
    const page = await send(sandbox.port, { target: FAULTS, headers: html });
    expect(page.text).toContain('<h2>A deleted key still works for a while</h2>');
    expect(page.text).toContain('<dd>&#60;b&#62;</dd>');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const refused = await postForm(sandbox.port, FAULTS, { kind: 'gremlins' }, html);
    expect(refused.text).toMatch(/role="alert">there is no such kind/);
  });
});

it('every kind is documented', () => {
  const documented = readFileSync('docs/sandbox.md', 'utf8');
  for (const kind of Object.keys(FAULT_KINDS)) expect(documented).toContain(`\`${kind}\``);
});

describe('the journal', () => {
  it('tells of every request, by label and never by id', async () => {
    sandbox.faults.switchOn({ kind: 'reset-after', path: ACCOUNT, times: 1 });
    await ask();
    await answered(ACCOUNT);
    await change(sandbox.port, 'delete', { apiKey });
    await ask();
    await ask(RESTRICTIONS, now, 'x'.repeat(64));
    await send(sandbox.port, { method: 'POST', target: '/api/v3/order' });
    const { requests } = bodyOf(await send(sandbox.port, { target: '/sandbox/journal' }));
    const told = (requests as JournalEntry[]).map(({ method, path, key, status, fault }) =>
      [method, path, key, status, fault].join(' '),
    );
    expect(told).toEqual([
      'POST /en/my/settings/api-management/create  201 ',
      `GET ${RESTRICTIONS} spot 200 `,
      `GET ${ACCOUNT} spot  reset-after`,
      'POST /en/my/settings/api-management/delete  200 ',
      `GET ${RESTRICTIONS} spot 400 `,
      `GET ${RESTRICTIONS} unknown 400 `,
      'POST /api/v3/order  404 ',
    ]);
    expect(JSON.stringify(requests)).not.toContain(apiKey);
  });

  it('can be cleared', async () => {
    expect((await send(sandbox.port, { method: 'DELETE', target: '/sandbox/journal' })).status).toBe(200);
    expect(sandbox.journal.entries().map(({ path }) => path)).toEqual(['/sandbox/journal']);
  });
});
