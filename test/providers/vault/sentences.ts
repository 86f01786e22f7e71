import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { vaultPolicy } from '../../../providers/stores/vault.ts';
import { aPair } from '../../contract/cases/material.ts';
import type { Bao } from '../../programs/bao.ts';
import { type FaultProxy, startFaultProxy } from '../../programs/fault-proxy.ts';
import { deadPort, serve } from '../loopback.ts';
import { aKey, aReader, aStore, failing, type Options, openStore, secretFile } from './given.ts';

/** What is said of servers, engines and documents that are not as they should be, and that nothing is done then. */
export function sentences(server: () => Bao): void {
  afterEach(() => vi.unstubAllEnvs());

  /** Another engine, and a worker’s login for it. */
  async function anEngine(mount: string, options: object, config: object = {}): Promise<Options> {
    const bao = server();
    await bao.api('POST', `sys/mounts/${mount}`, { type: 'kv', options });
    if (Object.keys(config).length > 0) await vi.waitFor(() => bao.api('POST', `${mount}/config`, config), 5_000);
    await bao.writePolicy(mount, vaultPolicy('worker', { mount, prefix: 'keyturn' }));
    return { mount, auth: { kind: 'token', token: await secretFile(server(), await bao.tokenFor(mount)) } };
  }

  async function proxied(): Promise<{ proxy: FaultProxy; options: Options }> {
    const proxy = await startFaultProxy({ upstream: server().address, ca: await readFile(server().ca) });
    onTestFinished(() => proxy.close());
    return { proxy, options: { address: proxy.address } };
  }

  const WELL = { initialized: true, sealed: false, standby: false, version: '2.7.2' };
  const health = (state: object, headers = {}) =>
    ({ kind: 'answer', status: 200, body: JSON.stringify({ ...WELL, ...state }), headers }) as const;

  describe('engines', () => {
    let old: Options;
    let fleeting: Options;
    beforeAll(async () => {
      old = await anEngine('old', { version: '1' });
      fleeting = await anEngine('fleeting', { version: '2' }, { delete_version_after: '1h' });
    });

    it('KV version 1: nothing in it is taken for absent', async () => {
      const store = await aStore(server(), { options: old });
      const expected = { code: 'unsupported', message: expect.stringContaining('KV version 1') };
      for (const work of [
        () => store.check('records'),
        () => store.readRecord(aKey()),
        () => store.listGenerations(aKey()),
        () => store.statMaterial(aKey(), 1),
        () => store.listKeys(),
      ])
        expect(await failing(work())).toMatchObject({
          ...expected,
          hint: expect.stringContaining('enable-versioning'),
        });
    });

    it('another mount than there is', async () => {
      const store = await aStore(server(), { options: { mount: 'nowhere' } });
      expect(await failing(store.check('records'))).toMatchObject({
        code: 'denied',
        message: expect.stringContaining('mounted at nowhere'),
      });
      expect(await failing(store.readRecord(aKey()))).toMatchObject({ code: 'denied' });
    });

    it('52 one that deletes versions by itself takes no keys', async () => {
      const [store, key] = [await aStore(server(), { options: fleeting }), aKey()];
      expect(await failing(store.check('material'))).toMatchObject({
        code: 'unsupported',
        hint: expect.stringContaining('delete_version_after=0s'),
      });
      expect(await failing(store.putMaterial(key, 1, await aPair()))).toMatchObject({ code: 'refused' });
      // What stands there now is not taken for a key either.
      expect(await failing(store.readMaterial(key, 1))).toMatchObject({ code: 'refused' });
      expect(await store.examine()).toMatchObject([{ code: 'vault-deletes-versions', severity: 'error' }]);
    });
  });

  describe('servers', () => {
    it('sealed', async () => {
      const { address, ca } = server();
      await server().api('PUT', 'sys/seal');
      const store = await aStore(server(), { options: { address, ca, auth: await someToken() }, deadline: 1_000 });
      const sealed = { code: 'unavailable', hint: expect.stringContaining('unseal') };
      expect(await failing(store.check('records'))).toMatchObject(sealed);
      expect(await failing(store.readRecord(aKey()))).toMatchObject(sealed);
      expect(await failing(store.examine())).toMatchObject({ ...sealed, message: 'Vault is sealed' });
      await server().reopen();
    });
    const someToken = async () => ({ kind: 'token' as const, token: await secretFile(server(), 's.whatever') });

    it.each([
      ['not initialised', { initialized: false }, 'unavailable'],
      ['a disaster-recovery secondary (472)', { replication_dr_mode: 'secondary' }, 'unavailable'],
      ['something else than Vault', { initialized: 'maybe' }, 'unsupported'],
    ])('%s', async (_, state, code) => {
      const { proxy, options } = await proxied();
      proxy.breaks(/sys\/health/, health(state), 2);
      const store = await aStore(server(), { options });
      const error = await failing(store.check('records'));
      expect(error).toMatchObject({ code, hint: expect.stringMatching(/\S/) });
      expect(await failing(store.examine())).toMatchObject({ code, message: error.message });
    });

    it.each([
      ['standby (429)', { standby: true }],
      ['performance standby (473)', { standby: true, performance_standby: true }],
    ])('a %s is used, and found', async (_, state) => {
      const { proxy, options } = await proxied();
      proxy.breaks(/sys\/health/, health(state), 2);
      const store = await aStore(server(), { options });
      await store.check('records');
      expect(await store.examine()).toMatchObject([{ code: 'vault-standby', severity: 'warning' }]);
    });

    it('one whose clock is wrong', async () => {
      const { proxy, options } = await proxied();
      const date = new Date(Date.now() - 5 * 60_000).toUTCString();
      proxy.breaks(/sys\/health/, health({}, { date }));
      const [finding] = await (await aReader(server(), 'worker', { options })).examine();
      expect(finding).toMatchObject({ code: 'vault-clock', severity: 'error' });
      expect(finding?.message).toMatch(/(299|300|301) s behind ours/);
    });

    it('nobody, and somebody else', async () => {
      const gone = await aStore(server(), { options: { address: `http://127.0.0.1:${await deadPort()}` } });
      expect(await failing(gone.check('records'))).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('ECONNREFUSED'),
      });
      const { url } = await serve((_, outgoing) => outgoing.writeHead(404).end('<html>'));
      const other = await aStore(server(), { options: { address: url } });
      expect(await failing(other.check('records'))).toMatchObject({ code: 'unsupported' });
      expect(await failing(other.readRecord(aKey()))).toMatchObject({ code: 'unsupported' });
    });
  });

  describe('documents that somebody deleted', () => {
    it.each(['record', 'gen/1', 'current', 'public/1'])('%s: corrupt, never absent', async (document) => {
      const [store, key] = [await aStore(server()), aKey()];
      await store.writeRecord(key, 'text', 'absent');
      await store.putMaterial(key, 1, await aPair());
      await store.promote(key, { from: null, to: 1, apiKey: 'k1' });
      await server().api('DELETE', `secret/data/keyturn/${key}/${document}`);
      const work = {
        record: () => store.readRecord(key),
        'gen/1': () => store.readMaterial(key, 1),
        current: () => store.statCurrent(key),
        'public/1': () => store.statMaterial(key, 1),
      }[document];
      const error = await failing(work?.() ?? Promise.resolve());
      expect(error).toMatchObject({ code: 'corrupt', hint: expect.stringContaining('undelete') });
      await server().api('POST', `secret/undelete/keyturn/${key}/${document}`, { versions: [1] });
      await expect(work?.()).resolves.toBeTruthy();
    });
  });

  describe('the environment', () => {
    it.each(['1', 'false'])('VAULT_SKIP_VERIFY=%s is refused', async (value) => {
      vi.stubEnv('VAULT_SKIP_VERIFY', value);
      await expect(openStore(server())).rejects.toMatchObject({
        code: 'invalid',
        hint: expect.stringMatching(/unset/),
      });
    });

    it('is otherwise not listened to', async () => {
      vi.stubEnv('VAULT_ADDR', 'http://127.0.0.1:1');
      vi.stubEnv('VAULT_TOKEN', 'nonsense');
      vi.stubEnv('VAULT_NAMESPACE', 'nowhere');
      vi.stubEnv('VAULT_PREFIX', '/nowhere');
      const store = await aStore(server());
      expect(await store.writeRecord(aKey(), 'text', 'absent')).toBe(1);
    });
  });
}
