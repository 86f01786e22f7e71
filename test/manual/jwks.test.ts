import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { itWith, program } from '../programs/index.ts';
import { aDesk, type Desk } from './desk.ts';
import { examplesOf } from './examples.ts';
import { type Gateway, startGateway } from './gateway.ts';

/** The first example of docs/manual-venues.md, with a gateway that verifies by jose. */

const KEY = 'settlement/reporter';
const { 'keyturn.yaml': documented = '', 'policies/gateway.yaml': policy = '' } = examplesOf('docs/manual-venues.md');

let gateway: Gateway;
let desk: Desk;

beforeEach(async () => {
  gateway = await startGateway();
  const configuration = documented.replace('https://gateway.internal', gateway.url);
  desk = await aDesk(KEY, { configuration, policy });
});
afterEach(async () => {
  await desk.close();
  await gateway.close();
});

/** What the card says: the key as shown, with scopes, and its kid handed in. */
async function registers(scopes = { read: true, pay: false }): Promise<string> {
  const { paste } = await desk.task('register');
  const jwk = JSON.parse(paste) as JWK & { kid: string };
  gateway.edit((keys) => [...keys, { ...jwk, scopes }]);
  await desk.register(jwk.kid);
  return jwk.kid;
}

const change = (kid: string, changes: object) =>
  gateway.edit((keys) => keys.map((key) => (key.kid === kid ? { ...key, ...changes } : key)));
const remove = (kid: string) => gateway.edit((keys) => keys.filter((key) => key.kid !== kid));

const ESTABLISHED = ['verify done verified', 'promote done promoted'];

/** The second generation is current, and somebody was asked to delete the first. */
async function replaced(): Promise<[string, string]> {
  await desk.apply();
  const first = await registers();
  expect(await desk.apply()).toEqual(ESTABLISHED);
  expect((await desk.run('rotate', KEY, '--reason', 'test')).status).toBe(0);
  await desk.apply();
  const second = await registers();
  expect(await desk.apply()).toEqual([...ESTABLISHED, 'revoke waiting deletion-asked', 'prove waiting still-works']);
  return [first, second];
}

describe('a gateway with a JWKS file', () => {
  it('takes a key from the card to a proven deletion', async () => {
    const [first, second] = await replaced();
    expect([first, second]).toEqual(['reporter-g1', 'reporter-g2']);
    expect((await desk.task('delete')).apiKey).toBe(first);
    remove(first);
    expect(await desk.apply()).toEqual(['prove waiting seen-dead']);
    expect(await desk.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed']);
    expect(await desk.verdict('current')).toMatchObject({ verdict: 'alive' });
  });

  it('does not promote a key that may pay, until that is taken away', async () => {
    await desk.apply();
    const kid = await registers({ read: true, pay: true });
    expect(await desk.apply()).toEqual(['verify waiting fix-needed']);
    expect((await desk.verdict('next')).message).toContain('turn off “scopes.pay”');
    change(kid, { scopes: { read: true, pay: false } });
    expect((await desk.verdict('next')).message).toBe('generation 1 works with exactly read');
    expect(await desk.apply()).toEqual(['promote done promoted']);
  });

  it('never calls a key dead that was only disabled, or that stands there with another public key', async () => {
    const [first] = await replaced();
    change(first, { disabled: true });
    expect(await desk.apply()).toEqual(['prove waiting still-known']);
    change(first, { disabled: undefined, x: 'A'.repeat(43) });
    expect(await desk.apply()).toEqual(['prove failed unexpected-answer']);
    expect((await desk.run('attest', KEY, '--reason', 'I deleted it')).status).toBe(1);
  });

  it('never calls a key dead while the current one is refused as well', async () => {
    gateway.edit(() => []);
    const [first, second] = await replaced();
    remove(first);
    remove(second);
    expect(await desk.apply()).toEqual(['prove failed control-refused']);
  });

  itWith(['age'], 'delivers a key with which jose makes tokens that the gateway takes', async () => {
    await desk.apply();
    const kid = await registers();
    await desk.apply();
    const identity = join(desk.folder, '.keyturn/identity.txt');
    const current = join(desk.folder, '.keyturn/store', KEY, 'current');
    const read = (file: string) => execFileSync(program('age'), ['-d', '-i', identity, join(current, file)]);
    const key = createPrivateKey({ key: read('key.pem.age'), passphrase: read('passphrase.txt.age') });
    expect(readFileSync(join(current, 'api-key.txt'), 'utf8')).toBe(kid);
    const token = await new SignJWT({ jti: '1' })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer('keyturn')
      .setAudience('gateway')
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key);
    const ask = () => fetch(`${gateway.url}/whoami`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await ask()).json()).toEqual({ active: true, scopes: { read: true, pay: false } });
    remove(kid);
    expect((await ask()).status).toBe(401);
  });
});
