import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVault, VaultOptions, vaultPolicy } from '../../providers/stores/vault.ts';
import { systemClock } from '../../src/clock.ts';
import { isKeyturnError } from '../../src/errors.ts';
import type { Material, Store } from '../../src/ports/store.ts';
import { type BaoCluster, startCluster } from '../programs/bao.ts';
import { describeWith } from '../programs/index.ts';
import { pairs } from './cases/material.ts';

/** Three real nodes: workers that talk to different ones, and a leader that dies. `npm run test:vault-cluster`. */

const isWanted = process.env.KEYTURN_VAULT_CLUSTER !== undefined;
const suite = isWanted
  ? describeWith
  : (_: readonly string[], title: string, run: () => void) => describe.skip(title, run);

suite(['bao'], 'a cluster of OpenBao', () => {
  let cluster: BaoCluster;
  let stores: Store[];
  beforeAll(async () => {
    cluster = await startCluster();
    const { leader, standbys } = cluster;
    await leader.writePolicy('worker', vaultPolicy('worker', { mount: 'secret', prefix: 'keyturn' }));
    process.env.KEYTURN_TEST_CLUSTER_TOKEN = await leader.tokenFor('worker');
    const auth = { kind: 'token', token: { env: 'KEYTURN_TEST_CLUSTER_TOKEN' } };
    stores = [leader, ...standbys].map(
      ({ address }) =>
        openVault(VaultOptions.parse({ address, ca: leader.ca, auth }), {
          clock: systemClock,
          folder: leader.folder,
        }).store,
    );
  });
  afterAll(async () => {
    await Promise.all((stores ?? []).map((store) => store.close()));
    delete process.env.KEYTURN_TEST_CLUSTER_TOKEN;
    await cluster?.stop();
  });

  it('a standby serves, and says that it is one', async () => {
    const [leader, standby] = stores as [Store, Store];
    await standby.check('material');
    expect((await leader.examine()).map(({ code }) => code)).toEqual([]);
    expect((await standby.examine()).map(({ code }) => code)).toEqual(['vault-standby']);
  });

  it('workers at different nodes lose no update of one record', async () => {
    const ROUNDS = 10;
    await stores[0]?.writeRecord('desk/shared', '0', 'absent');
    /** Adds one, again and again, as passes do: read, write against what was read, read again after a conflict. */
    const count = async (store: Store) => {
      for (let added = 0; added < ROUNDS; ) {
        const { text, revision } = (await store.readRecord('desk/shared')) ?? { text: '0', revision: 0 };
        try {
          await store.writeRecord('desk/shared', `${Number(text) + 1}`, revision);
          added += 1;
        } catch (error) {
          if (!isKeyturnError(error, 'conflict')) throw error;
        }
      }
    };
    await Promise.all(stores.map(count));
    expect(await stores[0]?.readRecord('desk/shared')).toEqual({
      text: `${ROUNDS * stores.length}`,
      revision: ROUNDS * stores.length + 1,
    });
  });

  it('workers at different nodes make one pair, and destroying through a standby is real', async () => {
    const offered = await pairs(stores.length);
    const answers = await Promise.all(
      stores.map((store, index) => store.putMaterial('desk/spot', 1, offered[index] as Material)),
    );
    expect(answers.toSorted()).toEqual(['created', 'other', 'other']);
    const standby = stores[1] as Store;
    expect(await standby.retireMaterial('desk/spot', 1)).toBe('erased');
    const { data } = (await cluster.leader.api('GET', 'secret/metadata/keyturn/desk/spot/gen/1')) as {
      data: { versions: Record<string, { destroyed: boolean }> };
    };
    expect(data.versions[1]?.destroyed).toBe(true);
  });

  it('a leader that dies: what was acknowledged stays, what was not is unknown, and work goes on', async () => {
    const standby = stores[1] as Store;
    let revision = await standby.writeRecord('desk/lost', '1', 'absent');
    const dying = cluster.leader.stop('SIGKILL');
    for (let text = 2; text <= 8; ) {
      try {
        revision = await standby.writeRecord('desk/lost', `${text}`, revision);
        text += 1;
      } catch (error) {
        if (!isKeyturnError(error, 'unavailable', 'conflict')) throw error;
        await sleep(250);
        const found = await standby.readRecord('desk/lost').catch(() => null);
        if (found === null) continue;
        // Either the last acknowledged one, or ours whose answer was lost.
        expect([revision, revision + 1]).toContain(found.revision);
        if (found.revision > revision) text += 1;
        revision = found.revision;
      }
    }
    await dying;
    expect(await standby.readRecord('desk/lost')).toEqual({ text: '8', revision: 8 });
  }, 180_000);
});
