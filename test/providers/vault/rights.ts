import { beforeAll, describe, expect, it } from 'vitest';
import { vaultPolicy } from '../../../providers/stores/vault.ts';
import type { Material } from '../../../src/ports/store.ts';
import { pairs } from '../../contract/cases/material.ts';
import type { Bao } from '../../programs/bao.ts';
import { aKey, aReader, aStore, failing, openStore, PLACE, ROLES, tokenLogin } from './given.ts';

/** Who may do what, under exactly the printed policies. */
export function rights(server: () => Bao): void {
  const key = aKey();
  const path = (document: string) => `${key}/${document}`;
  beforeAll(async () => {
    const worker = await openStore(server());
    const [first, second] = (await pairs(2)) as [Material, Material];
    await worker.writeRecord(key, 'known', 'absent');
    await worker.putMaterial(key, 1, first);
    await worker.promote(key, { from: null, to: 1, apiKey: 'k1' });
    await worker.putMaterial(key, 2, second);
    await worker.putEvidence(key, 1, 'seen');
    await worker.close();
  });

  const status = async (token: string, method: string, at: string, body?: object) =>
    (await server().ask(method, `secret/${at}`, body, token)).status;

  it('44 a planner sees what planning needs, and no private half', async () => {
    const reader = await aReader(server(), 'planner');
    expect(await reader.listKeys()).toContain(key);
    expect(await reader.readRecord(key)).toEqual({ text: 'known', revision: 1 });
    expect(await reader.listGenerations(key)).toEqual([1, 2]);
    expect(await reader.statMaterial(key, 2)).toMatchObject({ state: 'live', fingerprint: expect.any(String) });
    expect(await reader.readEvidence(key, 1)).toBe('seen');
    expect(await failing(reader.statCurrent(key))).toMatchObject({ code: 'denied' });
    const store = await aStore(server(), { options: { auth: await tokenLogin(server(), 'planner') } });
    expect(await failing(store.readMaterial(key, 2))).toMatchObject({ code: 'denied' });
    expect(await failing(store.writeRecord(key, 'changed', 1))).toMatchObject({ code: 'denied' });
    expect(await failing(store.putMaterial(key, 3, (await pairs(1))[0] as Material))).toMatchObject({ code: 'denied' });
  });

  it('44 a consumer reads what is current of its key, whole, and nothing else', async () => {
    const only = `only-${aKey().slice(5)}`;
    await server().writePolicy(only, vaultPolicy('consumer', PLACE, key));
    for (const policy of ['consumer', only]) {
      const token = await server().tokenFor(policy);
      const { body } = await server().ask('GET', `secret/data/keyturn/${path('current')}`, undefined, token);
      const { data } = (body as { data: { data: Record<string, unknown> } }).data;
      expect(Object.keys(data).sort()).toEqual(
        ['apiKey', 'privateKey', 'passphrase', 'publicKey', 'fingerprint', 'generation', 'previous'].sort(),
      );
      expect(data).toMatchObject({ apiKey: 'k1', generation: 1, previous: null });
      for (const document of ['gen/1', 'gen/2', 'record', 'api-key/1', 'public/1'])
        expect(await status(token, 'GET', `data/keyturn/${path(document)}`)).toBe(403);
      expect(await status(token, 'GET', `metadata/keyturn/${path('gen')}?list=true`)).toBe(403);
      expect(await status(token, 'POST', `data/keyturn/${path('current')}`, { data: {} })).toBe(403);
    }
    const alone = await server().tokenFor(only);
    expect(await status(alone, 'GET', 'data/keyturn/desk/another/current')).toBe(403);
  });

  it('a worker can neither overwrite a pair, nor delete, nor bring back', async () => {
    const token = await server().tokenFor('worker');
    const written = { data: { privateKey: 'mine' }, options: { cas: 1 } };
    const attempts: [string, string, object?][] = [
      ['POST', `data/keyturn/${path('gen/1')}`, written],
      ['POST', `data/keyturn/${path('evidence/1')}`, written],
      ['DELETE', `data/keyturn/${path('gen/1')}`],
      ['POST', `delete/keyturn/${path('gen/1')}`, { versions: [1] }],
      ['POST', `undelete/keyturn/${path('gen/1')}`, { versions: [1] }],
      ['POST', `metadata/keyturn/${path('gen/1')}`, { max_versions: 1 }],
      ['DELETE', `metadata/keyturn/${path('gen/1')}`],
      ['DELETE', `metadata/keyturn/${path('record')}`],
      ['POST', `destroy/keyturn/${path('record')}`, { versions: [1] }],
      ['GET', 'data/elsewhere'],
    ];
    for (const [method, at, body] of attempts) expect(await status(token, method, at, body)).toBe(403);
  });

  it('52 a create that lost, answered with 403 for want of update, is no refusal', async () => {
    const worker = await aStore(server());
    const [pair, evidence] = [(await pairs(1))[0] as Material, await worker.putEvidence(key, 1, 'other')];
    expect(evidence).toBe('other');
    expect(await worker.putMaterial(key, 1, pair)).toBe('other');
    const token = await server().tokenFor('worker');
    const again = { data: {}, options: { cas: 0 } };
    expect(await status(token, 'POST', `data/keyturn/${path('gen/1')}`, again)).toBe(403);
  });

  describe('an examination', () => {
    it.each(ROLES.filter((role) => role !== 'consumer'))(
      'finds nothing wrong with the policy of a %s',
      async (role) => {
        expect(await (await aReader(server(), role)).examine()).toEqual([]);
      },
    );

    it('finds rights that are lacking', async () => {
      const findings = await (await aReader(server(), 'consumer')).examine();
      // Without the right to ask for its rights it can say no more.
      expect(findings).toMatchObject([{ code: 'vault-right-lacking', message: expect.stringMatching(/unknown/) }]);
      const policy = vaultPolicy('worker', PLACE).replace(/path "secret\/destroy[^}]*}/g, '');
      await server().writePolicy('no-destroy', policy);
      const token = await server().tokenFor('no-destroy');
      process.env.KEYTURN_TEST_TOKEN = token;
      const options = { auth: { kind: 'token' as const, token: { env: 'KEYTURN_TEST_TOKEN' } } };
      const lacking = await (await aStore(server(), { options })).examine();
      delete process.env.KEYTURN_TEST_TOKEN;
      expect(lacking.map(({ code }) => code)).toEqual(Array(3).fill('vault-right-lacking'));
      expect(lacking[0]?.message).toContain('may not update at secret/destroy/keyturn/+/+/current');
    });

    it('finds rights that are too many', async () => {
      await server().writePolicy('all', 'path "*" { capabilities = ["create","read","update","delete","list"] }');
      process.env.KEYTURN_TEST_TOKEN = await server().tokenFor('all');
      const options = { auth: { kind: 'token' as const, token: { env: 'KEYTURN_TEST_TOKEN' } } };
      const findings = await (await aStore(server(), { options })).examine();
      delete process.env.KEYTURN_TEST_TOKEN;
      expect(new Set(findings.map(({ code, severity }) => `${severity} ${code}`))).toEqual(
        new Set(['warning vault-right-excess']),
      );
      expect(findings.length).toBe(5);
    });
  });
}
