import { readFile, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { Material } from '../../../src/ports/store.ts';
import { readRecord, writeRecord } from '../../../src/records.ts';
import { aRecord } from '../../build.ts';
import { aPair, isSame, pairs } from '../../contract/cases/material.ts';
import type { Bao } from '../../programs/bao.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../../programs/fault-proxy.ts';
import { serve } from '../loopback.ts';
import { aKey, aStore, failing, type Opening } from './given.ts';

/** What a healthy server does not do on demand, by a proxy before the real one. Numbers are those of the contract. */
export function faults(server: () => Bao): void {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy({ upstream: server().address, ca: await readFile(server().ca) });
  });
  beforeEach(() => proxy.heals());
  afterAll(() => proxy.close());

  const DEADLINE_MS = 2_500;
  const store = ({ options, ...opening }: Opening = {}) =>
    aStore(server(), { deadline: DEADLINE_MS, options: { address: proxy.address, ...options }, ...opening });
  const times = (fits: RegExp) => proxy.seen.filter(({ line }) => fits.test(line)).length;
  const WRITE = /^POST .*\/data\/.*\/record/;
  describe('a server that fails for good', () => {
    const cases: Record<string, { fault: Fault; expected: object; tries: number; deadline?: number }> = {
      '41 500': {
        fault: { kind: 'answer', status: 500, body: '{"errors":["internal error"]}' },
        expected: { code: 'unavailable', ambiguous: true },
        tries: 4,
      },
      '41 502 of a proxy': {
        fault: { kind: 'answer', status: 502, body: '<html>' },
        expected: { code: 'unavailable', ambiguous: true },
        tries: 4,
      },
      '41 503 sealed was not applied': {
        fault: { kind: 'answer', status: 503, body: '{"errors":["Vault is sealed"]}' },
        expected: { code: 'unavailable', ambiguous: false, hint: expect.stringContaining('unseal') },
        tries: 4,
      },
      '41 412 lags behind and was not applied': {
        fault: { kind: 'answer', status: 412, body: '{"errors":["required index state not present"]}' },
        expected: { code: 'unavailable', ambiguous: false },
        tries: 4,
      },
      '41 a reset': { fault: { kind: 'reset-before' }, expected: { code: 'unavailable', ambiguous: true }, tries: 4 },
      '49 a hang ends by its deadline': {
        fault: { kind: 'hang' },
        expected: { code: 'unavailable', ambiguous: true, message: expect.stringContaining('in time') },
        tries: 1,
        deadline: 600,
      },
      '42 429 without an end': {
        fault: { kind: 'answer', status: 429 },
        expected: { code: 'throttled', ambiguous: false },
        tries: 4,
      },
      '42 429 that asks for more time than there is': {
        fault: { kind: 'answer', status: 429, headers: { 'retry-after': '60' } },
        expected: { code: 'throttled', ambiguous: false, retryAfter: 60 },
        tries: 1,
      },
      '50 413': { fault: { kind: 'answer', status: 413 }, expected: { code: 'quota' }, tries: 1 },
      '50 a value too large for the storage': {
        fault: { kind: 'answer', status: 500, body: '{"errors":["put failed due to value being too large"]}' },
        expected: { code: 'quota' },
        tries: 1,
      },
      '405': { fault: { kind: 'answer', status: 405 }, expected: { code: 'unsupported' }, tries: 1 },
      'an answer that is no JSON': {
        fault: { kind: 'answer', status: 200, body: '<html>welcome</html>' },
        expected: { code: 'unavailable', ambiguous: true },
        tries: 1,
      },
    };
    it.each(Object.entries(cases))('%s', async (_, { fault, expected, tries, deadline = DEADLINE_MS }) => {
      const worker = await store({ deadline });
      proxy.breaks(WRITE, fault, Number.POSITIVE_INFINITY);
      const begun = performance.now();
      const error = await failing(worker.writeRecord(aKey(), 'text', 'absent'));
      expect(error).toMatchObject({ name: 'KeyturnError', ...expected });
      expect(error.hint).toMatch(/\S/);
      expect(times(WRITE)).toBe(tries);
      expect(performance.now() - begun).toBeLessThan(deadline + 1_000);
    });

    it('41 a read that fails is never ambiguous', async () => {
      const worker = await store();
      proxy.breaks(/^GET .*record/, { kind: 'reset-before' }, Number.POSITIVE_INFINITY);
      expect(await failing(worker.readRecord(aKey()))).toMatchObject({ code: 'unavailable', ambiguous: false });
    });
  });

  describe('a server that fails once', () => {
    const passing: Record<string, Fault> = {
      'a reset before it heard': { kind: 'reset-before' },
      '500': { kind: 'answer', status: 500 },
      '503 sealed': { kind: 'answer', status: 503, body: '{"errors":["OpenBao is sealed"]}' },
      '429': { kind: 'answer', status: 429 },
    };
    it.each(Object.entries(passing))('%s: the call is made once more and succeeds', async (_, fault) => {
      const [worker, key] = [await store(), aKey()];
      proxy.breaks(WRITE, fault);
      expect(await worker.writeRecord(key, 'text', 'absent')).toBe(1);
      expect(times(WRITE)).toBe(2);
      expect(await worker.readRecord(key)).toEqual({ text: 'text', revision: 1 });
    });

    it('42 a pause it asks for is kept', async () => {
      const worker = await store();
      proxy.breaks(WRITE, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } });
      await worker.writeRecord(aKey(), 'text', 'absent');
      const [first, second] = proxy.seen.filter(({ line }) => WRITE.test(line));
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1000);
    });

    it('07 an answer lost after the record was written is found again by its write id', async () => {
      const [worker, key] = [await store(), aKey()];
      proxy.breaks(WRITE, { kind: 'reset-after' });
      const written = await writeRecord(worker, systemClock, null, aRecord({ roles: {}, key }));
      expect(await readRecord(worker, key)).toEqual(written);
    });

    it('18 an answer lost after the pair was stored: it is the same', async () => {
      const [worker, key, pair] = [await store(), aKey(), await aPair()];
      proxy.breaks(/^POST .*\/gen\/1/, { kind: 'reset-after' });
      expect(await worker.putMaterial(key, 1, pair)).toBe('same');
      expect(isSame(await worker.readMaterial(key, 1), pair)).toBe(true);
    });

    it('26 an answer lost after the promotion: it has happened', async () => {
      const [worker, key] = [await store(), aKey()];
      await worker.putMaterial(key, 1, await aPair());
      proxy.breaks(/^POST .*\/current/, { kind: 'reset-after' });
      expect(await worker.promote(key, { from: null, to: 1, apiKey: 'k1' })).toBe('already');
    });

    it('38 a stop between pair and public half is completed by whoever looks next', async () => {
      const [worker, key, pair] = [await store(), aKey(), await aPair()];
      proxy.breaks(/^POST .*\/public\/1/, { kind: 'reset-before' }, 4);
      await failing(worker.putMaterial(key, 1, pair));
      expect(await worker.statMaterial(key, 1)).toMatchObject({ state: 'live', fingerprint: pair.fingerprint });
      expect(await worker.putMaterial(key, 1, pair)).toBe('same');
    });
  });

  describe('a node that lags behind', () => {
    async function replacedKey() {
      const [worker, key] = [await store(), aKey()];
      const [first, second] = (await pairs(2)) as [Material, Material];
      await worker.putMaterial(key, 1, first);
      await worker.putMaterial(key, 2, second);
      await worker.promote(key, { from: null, to: 1, apiKey: 'k1' });
      await worker.promote(key, { from: 1, to: 2, apiKey: 'k2' });
      return { worker, key };
    }
    const states = async (path: string) => {
      const { data } = (await server().api('GET', `secret/metadata/keyturn/${path}`)) as {
        data: { versions: Record<string, { destroyed: boolean }> };
      };
      return Object.values(data.versions).map(({ destroyed }) => destroyed);
    };

    it('39 destroying leaves neither the pair nor a copy in an older version of current', async () => {
      const { worker, key } = await replacedKey();
      expect(await worker.retireMaterial(key, 1)).toBe('erased');
      expect(await states(`${key}/gen/1`)).toEqual([true]);
      expect(await states(`${key}/current`)).toEqual([true, false]);
      const older = await server().ask('GET', `secret/data/keyturn/${key}/current?version=1`);
      expect(older.status).toBe(404);
      expect(await states(`${key}/gen/2`)).toEqual([false]);
    });

    it.each(['current', 'gen/1'])(
      '40 a 204 that destroyed nothing of %s is noticed, and it is done again',
      async (of) => {
        const { worker, key } = await replacedKey();
        proxy.breaks(new RegExp(`/destroy/.*/${of}`), { kind: 'answer', status: 204 }, 2);
        expect(await worker.retireMaterial(key, 1)).toBe('erased');
        expect(await states(`${key}/${of}`)).toEqual(of === 'current' ? [true, false] : [true]);
      },
    );

    it('40 one that never destroys is not believed, and the next run completes it', async () => {
      const { worker, key } = await replacedKey();
      proxy.breaks(/\/destroy\//, { kind: 'answer', status: 204 }, Number.POSITIVE_INFINITY);
      expect(await failing(worker.retireMaterial(key, 1))).toMatchObject({ code: 'unavailable', ambiguous: true });
      expect((await worker.statMaterial(key, 1)).state).toBe('live');
      proxy.heals();
      expect(await worker.retireMaterial(key, 1)).toBe('erased');
    });

    it('40 what it shows before it has seen all versions is not believed', async () => {
      const [worker, key] = [await store(), aKey()];
      const stock = (await pairs(3)) as [Material, Material, Material];
      for (const [index, pair] of stock.entries()) await worker.putMaterial(key, index + 1, pair);
      await worker.promote(key, { from: null, to: 1, apiKey: 'k1' });
      await worker.promote(key, { from: 1, to: 2, apiKey: 'k2' });
      await worker.retireMaterial(key, 1);
      await worker.promote(key, { from: 2, to: 3, apiKey: 'k3' });
      const seen = { created_time: '2026-01-01T00:00:00Z', deletion_time: '', destroyed: true };
      const body = JSON.stringify({ data: { current_version: 1, versions: { 1: seen } } });
      proxy.breaks(/^GET .*\/metadata\/.*\/current/, { kind: 'answer', status: 200, body }, 2);
      await worker.retireMaterial(key, 2);
      expect(await states(`${key}/current`)).toEqual([true, true, false]);
    });

    it('45 a stale read loses no update: conflict, then success', async () => {
      const [worker, key] = [await store(), aKey()];
      await worker.writeRecord(key, 'one', 'absent');
      await worker.readRecord(key);
      await worker.writeRecord(key, 'two', 1);
      proxy.breaks(/^GET .*record/, { kind: 'stale' });
      const stale = await worker.readRecord(key);
      expect(stale).toEqual({ text: 'one', revision: 1 });
      expect(await failing(worker.writeRecord(key, 'lost', 1))).toMatchObject({ code: 'conflict' });
      const fresh = await worker.readRecord(key);
      expect(await worker.writeRecord(key, 'three', fresh?.revision ?? 0)).toBe(3);
    });

    it('45 a promotion from a stale current finds the real one', async () => {
      const { worker, key } = await replacedKey();
      await worker.putMaterial(key, 3, await aPair());
      proxy.breaks(/^GET .*\/data\/.*\/current/, { kind: 'stale' });
      expect(await worker.promote(key, { from: 2, to: 3, apiKey: 'k3' })).toBe('moved');
    });

    it('46 a conflict that is none is tried again', async () => {
      const { worker, key } = await replacedKey();
      await worker.putMaterial(key, 3, await aPair());
      const body = '{"errors":["check-and-set parameter did not match the current version"]}';
      proxy.breaks(/^POST .*\/current/, { kind: 'answer', status: 400, body });
      expect(await worker.promote(key, { from: 2, to: 3, apiKey: 'k3' })).toBe('moved');
    });
  });

  describe('an address that leads elsewhere', () => {
    it('47 a redirect is refused, and nothing is sent there', async () => {
      let visits = 0;
      const elsewhere = await serve((_, outgoing) => {
        visits += 1;
        outgoing.end('{}');
      });
      for (const status of [301, 307]) {
        const location = `${elsewhere.url}/v1/secret/data/x`;
        proxy.breaks(WRITE, { kind: 'answer', status, headers: { location } }, Number.POSITIVE_INFINITY);
        const error = await failing((await store()).writeRecord(aKey(), 'text', 'absent'));
        expect(error).toMatchObject({ code: 'unavailable', ambiguous: true, hint: expect.stringMatching(/active/) });
      }
      expect(visits).toBe(0);
    });

    it.each([
      ['by another authority', 'other.pem', '127.0.0.1'],
      ['made out to another name', 'ca.pem', '127.0.0.2'],
    ])('a certificate %s is refused before anything is sent', async (_, ca, host) => {
      const { folder, address: upstream } = server();
      const read = (name: string) => readFile(`${folder}/${name}`);
      await writeFile(`${folder}/other.pem`, rootCertificates[0] ?? '');
      const tls = { key: await read('tls.key'), cert: await read('tls.pem') };
      const other = await startFaultProxy({ upstream, tls, host });
      onTestFinished(() => other.close());
      const options = { address: other.address, ca: `${folder}/${ca}` };
      const error = await failing((await aStore(server(), { options })).check('records'));
      expect(error).toMatchObject({ code: 'refused', ambiguous: false, hint: expect.stringContaining('ca') });
      expect(other.seen).toEqual([]);
    });
  });

  it('52 every write of a version says which it follows, as a whole number', async () => {
    const [worker, key] = [await store(), aKey()];
    await worker.writeRecord(key, 'one', 'absent');
    await worker.writeRecord(key, 'two', 1);
    await worker.putMaterial(key, 1, await aPair());
    await worker.promote(key, { from: null, to: 1, apiKey: 'k1' });
    await worker.putEvidence(key, 1, 'seen');
    const writes = proxy.seen.filter(({ line }) => /^POST .*\/data\//.test(line));
    const cas = writes.map(({ body }) => JSON.parse(body).options.cas);
    expect(writes.length).toBeGreaterThanOrEqual(6);
    expect(cas.every(Number.isInteger)).toBe(true);
  });
}
