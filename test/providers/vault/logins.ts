import { generateKeyPairSync, sign } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Bao } from '../../programs/bao.ts';
import { type FaultProxy, startFaultProxy } from '../../programs/fault-proxy.ts';
import { started } from '../loopback.ts';
import { aKey, aStore, failing, type Options, secretFile, tokenLogin } from './given.ts';

/** Every kind of login, for real, and what becomes of its token. */
export function logins(server: () => Bao): void {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** Signed as OpenBao’s jwt method wants it; the kubernetes method reads its claims and asks the cluster about the rest. */
  function jwt(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const iat = Math.floor(Date.now() / 1000);
    const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({ iat, exp: iat + 600, ...claims })}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  const serviceAccount = (name: string) => ({
    sub: `system:serviceaccount:keys:${name}`,
    'kubernetes.io': { namespace: 'keys', serviceaccount: { name, uid: 'uid-1' } },
  });
  const SERVICE_ACCOUNT = jwt(serviceAccount('keyturn'));

  /** What a cluster answers to the question whose token this is. */
  async function cluster(): Promise<string> {
    const [key, cert] = await Promise.all(['tls.key', 'tls.pem'].map((name) => readFile(`${server().folder}/${name}`)));
    const api = createServer({ key, cert }, async (incoming, outgoing) => {
      const { spec } = JSON.parse((await incoming.setEncoding('utf8').toArray()).join(''));
      const user = { username: 'system:serviceaccount:keys:keyturn', uid: 'uid-1', groups: ['system:serviceaccounts'] };
      const status = spec.token === SERVICE_ACCOUNT ? { authenticated: true, user } : { authenticated: false };
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status };
      outgoing.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(review));
    });
    return `https://127.0.0.1:${(await started(api)).port}`;
  }

  const GRANT = { token_policies: ['worker'], token_no_default_policy: true };

  /** The options of a login of this kind, whose role gives these tokens. */
  async function approle(grant: object = {}): Promise<NonNullable<Options['auth']>> {
    const bao = server();
    const role = `auth/approle/role/${aKey().slice(5)}`;
    await bao.api('POST', role, { ...GRANT, ...grant });
    const { data } = (await bao.api('GET', `${role}/role-id`)) as { data: { role_id: string } };
    const made = (await bao.api('POST', `${role}/secret-id`, {})) as { data: { secret_id: string } };
    return { kind: 'approle', roleId: data.role_id, secretId: await secretFile(server(), made.data.secret_id) };
  }

  async function byJwt(): Promise<NonNullable<Options['auth']>> {
    const given = await secretFile(server(), jwt({ sub: 'keyturn', aud: 'vault' }));
    return { kind: 'jwt', role: 'keyturn', jwt: given };
  }

  async function byKubernetes(): Promise<NonNullable<Options['auth']>> {
    const trust = { kubernetes_ca_cert: await readFile(server().ca, 'utf8'), disable_local_ca_jwt: true };
    const config = { kubernetes_host: await cluster(), token_reviewer_jwt: SERVICE_ACCOUNT, ...trust };
    await server().api('POST', 'auth/kubernetes/config', config);
    return { kind: 'kubernetes', role: 'keyturn', jwt: await secretFile(server(), SERVICE_ACCOUNT) };
  }

  beforeAll(async () => {
    const bao = server();
    for (const type of ['approle', 'jwt', 'kubernetes']) await bao.api('POST', `sys/auth/${type}`, { type });
    const jwtKey = pair.publicKey.export({ type: 'spki', format: 'pem' });
    await bao.api('POST', 'auth/jwt/config', { jwt_validation_pubkeys: [jwtKey] });
    const jwtRole = { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['vault'], ...GRANT };
    await bao.api('POST', 'auth/jwt/role/keyturn', jwtRole);
    const bound = { bound_service_account_names: ['keyturn'], bound_service_account_namespaces: ['keys'] };
    await bao.api('POST', 'auth/kubernetes/role/keyturn', { ...bound, ...GRANT });
  });

  async function aProxy(): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ upstream: server().address, ca: await readFile(server().ca) });
    onTestFinished(() => proxy.close());
    return proxy;
  }
  const count = ({ seen }: FaultProxy, path: string) => seen.filter(({ line }) => line.includes(path)).length;
  const tokens = async () => {
    const { data } = (await server().api('GET', 'auth/token/accessors?list=true')) as { data: { keys: string[] } };
    return data.keys;
  };
  const revoke = (accessor: string) => server().api('POST', 'auth/token/revoke-accessor', { accessor });

  describe.each([
    ['approle', approle],
    ['jwt', byJwt],
    ['kubernetes', byKubernetes],
  ])('%s', (kind, login) => {
    it('lets in, once for all calls, and its token ends with the run', async () => {
      const [proxy, before] = [await aProxy(), await tokens()];
      const store = await aStore(server(), { options: { address: proxy.address, auth: await login() } });
      const keys = Array.from({ length: 5 }, aKey);
      await store.check('material');
      await Promise.all(keys.map((key) => store.writeRecord(key, 'text', 'absent')));
      expect(count(proxy, `/auth/${kind}/login`)).toBe(1);
      expect(await tokens()).toHaveLength(before.length + 1);
      await store.close();
      expect(await tokens()).toHaveLength(before.length);
    });

    it('does not let in whoever it does not know, and a thousand keys do not ask a thousand times', async () => {
      const proxy = await aProxy();
      const known = await login();
      const wrong = await secretFile(server(), jwt({ ...serviceAccount('other'), aud: ['nobody'] }));
      const auth = { ...known, ...('secretId' in known ? { secretId: wrong } : { jwt: wrong }) } as typeof known;
      const store = await aStore(server(), { options: { address: proxy.address, auth } });
      for (let call = 0; call < 3; call += 1)
        expect(await failing(store.readRecord(aKey()))).toMatchObject({
          code: 'denied',
          message: expect.stringContaining(`the ${kind} login`),
          hint: expect.stringMatching(/role and secret/),
        });
      expect(count(proxy, `/auth/${kind}/login`)).toBe(1);
    });
  });

  it('a service account’s token may be readable for others, as Kubernetes mounts it', async () => {
    const auth = await byKubernetes();
    if (auth.kind !== 'kubernetes' || !auth.jwt || !('file' in auth.jwt)) throw new Error('it has a file');
    await chmod(auth.jwt.file, 0o644);
    await expect((await aStore(server(), { options: { auth } })).check('records')).resolves.toBeUndefined();
  });

  it('a given token is not revoked', async () => {
    const auth = await tokenLogin(server(), 'worker');
    const store = await aStore(server(), { options: { auth } });
    await store.check('records');
    await store.close();
    const token = (await readFile(auth.token.file, 'utf8')).trim();
    expect((await server().ask('GET', 'auth/token/lookup-self', undefined, token)).status).toBe(200);
  });

  describe('43 permission denied', () => {
    it('for a token that ended: logs in once more and goes on, however many calls met it', async () => {
      const [proxy, before] = [await aProxy(), await tokens()];
      const store = await aStore(server(), { options: { address: proxy.address, auth: await approle() } });
      const key = aKey();
      await store.writeRecord(key, 'text', 'absent');
      const [ours] = (await tokens()).filter((each) => !before.includes(each));
      await revoke(ours ?? '');
      const read = await Promise.all(Array.from({ length: 8 }, () => store.readRecord(key)));
      expect(read).toEqual(Array.from({ length: 8 }, () => ({ text: 'text', revision: 1 })));
      expect(count(proxy, '/auth/approle/login')).toBe(2);
    });

    it('for rights that are lacking: one more login, then denied, and no login for the next call', async () => {
      const proxy = await aProxy();
      const auth = await approle({ token_policies: ['consumer'] });
      const store = await aStore(server(), { options: { address: proxy.address, auth } });
      for (let call = 0; call < 3; call += 1)
        expect(await failing(store.readRecord(aKey()))).toMatchObject({
          code: 'denied',
          hint: expect.stringContaining('keyturn policy vault'),
        });
      expect(count(proxy, '/auth/approle/login')).toBe(2);
    });

    it('for a given token that ended: reads it anew, in case it was replaced', async () => {
      const auth = await tokenLogin(server(), 'worker');
      const store = await aStore(server(), { options: { auth } });
      const key = aKey();
      await store.writeRecord(key, 'text', 'absent');
      const old = (await readFile(auth.token.file, 'utf8')).trim();
      await server().api('POST', 'auth/token/revoke', { token: old });
      await writeFile(auth.token.file, await server().tokenFor('worker'));
      expect(await store.readRecord(key)).toEqual({ text: 'text', revision: 1 });
    });
  });

  describe('a run that lasts longer than a token', () => {
    it('renews it at two thirds of its time', async () => {
      const proxy = await aProxy();
      const auth = await approle({ token_ttl: '2s', token_max_ttl: '1h' });
      const store = await aStore(server(), { options: { address: proxy.address, auth } });
      const key = aKey();
      await store.writeRecord(key, 'text', 'absent');
      await sleep(2500);
      expect(await store.readRecord(key)).toMatchObject({ revision: 1 });
      expect(count(proxy, 'renew-self')).toBeGreaterThanOrEqual(1);
      expect(count(proxy, '/auth/approle/login')).toBe(1);
    });

    it.each([
      ['cannot be renewed', { token_type: 'batch', token_ttl: '2s' }],
      ['is at its longest life', { token_ttl: '2s', token_max_ttl: '2s' }],
    ])('logs in anew before a token ends that %s', async (_, grant) => {
      const proxy = await aProxy();
      const auth = await approle(grant);
      const store = await aStore(server(), { options: { address: proxy.address, auth } });
      const key = aKey();
      await store.writeRecord(key, 'text', 'absent');
      await sleep(2500);
      expect(count(proxy, '/auth/approle/login')).toBeGreaterThanOrEqual(2);
      expect(await store.readRecord(key)).toMatchObject({ revision: 1 });
    });
  });
}
