import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headOf } from '../../providers/stores/aws/layout.ts';
import { isKeyturnError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import type { FakeSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { type Account, anAccount, aPair, established, KEY, RECORD, SECRET } from './aws-account.ts';

/** What lies where in AWS, and that it stays so when AWS shows it late or a run stops in the middle. */

const DAY = 24 * 3_600_000;

let aws: FakeSecretsManager;
let account: Account;

beforeEach(async () => {
  ({ aws, account } = await anAccount());
});
afterEach(() => aws.close());

const sent = (operation: string) => aws.requests.filter((request) => request.operation === operation);

describe('what applications read', () => {
  it('is one complete document, with the one before it named', async () => {
    const store = await established(account.store());
    const next = await aPair();
    await store.putMaterial(KEY, 2, next);
    expect(currentDocument()).toMatchObject({ generation: 1, previous: null });
    await store.promote(KEY, { from: 1, to: 2, apiKey: 'id-2' });
    const { fingerprint } = await store.statMaterial(KEY, 1);
    const { privateKey, passphrase, ...shown } = currentDocument();
    expect(shown).toEqual({
      apiKey: 'id-2',
      publicKey: next.publicKey,
      fingerprint: next.fingerprint,
      generation: 2,
      previous: { generation: 1, fingerprint },
    });
    expect(privateKey === next.privateKey.revealText() && passphrase === next.passphrase?.revealText()).toBe(true);
    expect(labelsNow()).toEqual(['AWSCURRENT', 'AWSPREVIOUS', 'keyturn-c1', 'keyturn-c2', 'keyturn-g1', 'keyturn-g2']);
  });

  it('keeps nothing of a retired generation under any label', async () => {
    const store = await established(account.store());
    await store.putMaterial(KEY, 2, await aPair());
    await store.promote(KEY, { from: 1, to: 2, apiKey: 'id-2' });
    expect(await store.retireMaterial(KEY, 1)).toBe('detached');
    expect(labelsNow()).toEqual(['AWSCURRENT', 'keyturn-c2', 'keyturn-g2']);
  });

  it('is refused where AWSCURRENT stands on what keyturn did not write', async () => {
    const store = await established(account.store());
    const secret = aws.service.secret(SECRET);
    aws.service.operations.PutSecretValue?.({
      SecretId: SECRET,
      ClientRequestToken: 'f'.repeat(32),
      SecretString: 'by hand',
    });
    expect(Object.keys(secret.versions)).toHaveLength(4);
    await expect(store.statCurrent(KEY)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(store.promote(KEY, { from: null, to: 1, apiKey: 'id-1' })).rejects.toMatchObject({ code: 'corrupt' });
  });

  function currentDocument() {
    const version = Object.values(aws.service.secret(SECRET).versions).find(({ labels }) =>
      labels.includes('AWSCURRENT'),
    );
    return JSON.parse(version?.value ?? '') as Record<string, unknown>;
  }
  const labelsNow = () =>
    Object.values(aws.service.secret(SECRET).versions)
      .flatMap(({ labels }) => labels)
      .sort();
});

describe('every request', () => {
  it('has a token of its own, names a version on reads, and never says AWSPENDING', async () => {
    const store = await established(account.store());
    await store.putEvidence(KEY, 1, 'seen dead');
    const reads = [...sent('GetSecretValue'), ...sent('BatchGetSecretValue')];
    expect(reads.filter(({ input }) => !input.VersionStage && !input.VersionId)).toEqual([]);
    const tokens = [...sent('CreateSecret'), ...sent('PutSecretValue')].map(({ input }) => input.ClientRequestToken);
    expect(tokens.filter((token) => !/^6b657974-75(67|63|72|65)-4000-8000-[0-9a-f]{12}$/.test(token ?? ''))).toEqual(
      [],
    );
    const moves = sent('UpdateSecretVersionStage').map(({ input }) => input.RemoveFromVersionId);
    expect(moves).not.toContain(undefined);
    expect(inspect(aws.requests, { depth: null }).includes('AWSPENDING')).toBe(false);
  });

  it('that writes waits for its turn: ten a second', async () => {
    const store = account.store({ writesPerSecond: 10 });
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: 6 }, async (_, index) => store.writeRecord(`desk/key-${index}`, 'one', 'absent')),
    );
    expect(sent('CreateSecret').length + sent('PutSecretValue').length).toBe(12);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1_050);
  });
});

describe('the record', () => {
  it('is repaired when a worker that slept for days pulled its head back', async () => {
    const store = account.store();
    let revision = await store.writeRecord(KEY, 'revision 1', 'absent');
    aws.service.ahead = -3 * DAY;
    while (revision < 110) {
      revision = await store.writeRecord(KEY, `revision ${revision + 1}`, revision);
      // The day before yesterday, and then yesterday: AWS forgets old versions only.
      if (revision === 60) aws.service.ahead = -1.5 * DAY;
      if (revision === 100) aws.service.ahead = 0;
    }
    const versions = aws.service.secret(RECORD).versions;
    expect(Object.keys(versions)).not.toContain('6b657974-7572-4000-8000-000000000005');
    aws.service.operations.PutSecretValue?.({
      SecretId: RECORD,
      ClientRequestToken: '6b657974-7572-4000-8000-000000000005',
      SecretString: 'what was decided days ago',
    });
    expect(await store.readRecord(KEY)).toMatchObject({ revision: 5 });
    expect(await store.examine()).toMatchObject([{ code: 'aws-record-regressed', severity: 'warning', key: KEY }]);
    await expect(store.writeRecord(KEY, 'revision 6', 5)).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.readRecord(KEY)).toEqual({ text: 'revision 110', revision: 110 });
    expect(await store.writeRecord(KEY, 'revision 111', 110)).toBe(111);
    expect(await store.examine()).toEqual([]);
    aws.service.operations.PutSecretValue?.({
      SecretId: RECORD,
      ClientRequestToken: '6b657974-7572-4000-8000-000000000006',
      SecretString: 'once more',
    });
    expect(await store.tidy(KEY)).toEqual([`AWSCURRENT of secret ${RECORD} moved to the newest revision`]);
    expect(await store.readRecord(KEY)).toEqual({ text: 'revision 111', revision: 111 });
  });

  it('is repaired by the sleeper itself when it wakes up', async () => {
    const store = account.store();
    await store.writeRecord(KEY, 'one', 'absent');
    await store.writeRecord(KEY, 'two', 1);
    const { versions } = aws.service.secret(RECORD);
    // Pruned while the sleeper was between looking and writing, so that it finds the number free.
    aws.service.operations.PutSecretValue?.({
      SecretId: RECORD,
      ClientRequestToken: '6b657974-7572-4000-8000-000000000009',
      SecretString: 'nine',
    });
    const labels = new Map(Object.entries(versions).map(([id, version]) => [id, version.labels]));
    expect(headOf({ name: RECORD, labels })).toEqual({ revision: 9, regressed: null });
    await expect(store.writeRecord(KEY, 'three', 2)).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.readRecord(KEY)).toEqual({ text: 'nine', revision: 9 });
  });

  it('stays whole when reads lag behind and eight workers write at once', async () => {
    Object.assign(aws.service, { lag: 150, isFlickering: true });
    const each = 3;
    await Promise.all(Array.from({ length: 8 }, (_, worker) => adds(worker)));
    aws.service.lag = 0;
    const { text, revision } = (await account.store().readRecord(KEY)) ?? { text: '', revision: 0 };
    expect(revision).toBe(8 * each);
    expect(new Set(text.split(' ')).size).toBe(8 * each);

    /** Reads, adds a word, writes; again from the start after every conflict. */
    async function adds(worker: number): Promise<void> {
      const store = account.store();
      for (let done = 0; done < each; ) {
        const before = await store.readRecord(KEY);
        const words = before === null ? [] : [before.text];
        try {
          await store.writeRecord(KEY, [...words, `${worker}.${done}`].join(' '), before?.revision ?? 'absent');
          done += 1;
        } catch (error) {
          if (!isKeyturnError(error, 'conflict')) throw error;
        }
      }
    }
  }, 30_000);

  it('fits into what AWS keeps: 40 writes a day, and evidence never crowds out labels', async () => {
    const store = account.store();
    expect(store.capabilities.recordWritesPerDay).toBe(40);
    for (let generation = 1; generation <= 20; generation += 1)
      await store.putEvidence(KEY, generation, `of ${generation}`);
    expect(await store.writeRecord(KEY, 'one', 'absent')).toBe(1);
    expect(await store.writeRecord(KEY, 'two', 1)).toBe(2);
    expect(await store.readEvidence(KEY, 3)).toBe('of 3');
    expect(await store.readEvidence(KEY, 20)).toBe('of 20');
    expect(aws.service.names()).toEqual([RECORD, `${RECORD}/evidence-2`]);
    expect(await store.listKeys()).toEqual([KEY]);
  });
});

describe('while AWS shows late what was written', () => {
  it('a whole rotation sees its own writes', async () => {
    aws.service.lag = 100;
    const store = await established(account.store());
    await store.putMaterial(KEY, 2, await aPair());
    expect(await store.promote(KEY, { from: 1, to: 2, apiKey: 'id-2' })).toBe('moved');
    expect(await store.retireMaterial(KEY, 1)).toBe('detached');
    expect(await store.putEvidence(KEY, 1, 'seen dead')).toBe('created');
    aws.service.lag = 0;
    expect(await store.statCurrent(KEY)).toBe(2);
    expect(await store.listGenerations(KEY)).toEqual([1, 2]);
  });

  it('what is still hidden after its time is not taken for absent, nor for done', async () => {
    const store = account.store({ settle: 300 });
    await established(store);
    aws.service.lag = 60_000;
    await expect(store.writeRecord(KEY, 'two', 1)).rejects.toMatchObject({
      code: expect.stringMatching(/unavailable|conflict/),
    });
    aws.service.lag = 0;
    expect((await store.readRecord(KEY))?.revision).toBeLessThanOrEqual(2);
  });
});

describe('a run that stops in the middle', () => {
  it('of storing leaves material that the next one finds and tags', async () => {
    const store = account.store();
    const pair = await aPair();
    aws.fault('TagResource', { error: 'AccessDeniedException' });
    await expect(store.putMaterial(KEY, 1, pair)).rejects.toMatchObject({ code: 'denied' });
    expect(await store.examine()).toMatchObject([{ code: 'aws-untagged', severity: 'warning', key: KEY }]);
    expect(await store.tidy(KEY)).toEqual(['the fingerprint of generation 1 noted in a tag']);
    expect(await store.tidy(KEY)).toEqual([]);
    expect(await store.putMaterial(KEY, 1, pair)).toBe('same');
    expect(await store.statMaterial(KEY, 1)).toMatchObject({ state: 'live', fingerprint: pair.fingerprint });
  });

  it('of storing is completed by whoever looks next, and a key does not stand still for want of a tag', async () => {
    const store = account.store();
    const pair = await aPair();
    aws.fault('TagResource', { error: 'AccessDeniedException' });
    await expect(store.putMaterial(KEY, 1, pair)).rejects.toMatchObject({ code: 'denied' });
    const whole = { state: 'live', fingerprint: pair.fingerprint, createdAt: expect.any(Date) };
    expect(await account.reader().statMaterial(KEY, 1)).toEqual({ state: 'live' });
    expect(await store.statMaterial(KEY, 1)).toEqual(whole);
    expect(await account.reader().statMaterial(KEY, 1)).toEqual(whole);
  });

  it('of promoting leaves current alone, and the next one completes it', async () => {
    const store = account.store();
    await store.putMaterial(KEY, 1, await aPair());
    aws.fault('UpdateSecretVersionStage', { error: 'AccessDeniedException' });
    await expect(store.promote(KEY, { from: null, to: 1, apiKey: 'id-1' })).rejects.toMatchObject({ code: 'denied' });
    expect(await store.statCurrent(KEY)).toBeNull();
    expect(await store.promote(KEY, { from: null, to: 1, apiKey: 'id-1' })).toBe('moved');
  });

  it('of retiring, after any label, is completed by the next one', async () => {
    const store = await established(account.store());
    await store.putMaterial(KEY, 2, await aPair());
    await store.promote(KEY, { from: 1, to: 2, apiKey: 'id-2' });
    // keyturn-c1, AWSPREVIOUS, keyturn-g1: the first succeeds, the second stops the run.
    aws.fault('UpdateSecretVersionStage', { error: 'AccessDeniedException' });
    await expect(store.retireMaterial(KEY, 1)).rejects.toMatchObject({ code: 'denied' });
    expect(await store.statMaterial(KEY, 1)).toMatchObject({ state: 'live' });
    expect(await store.retireMaterial(KEY, 1)).toBe('detached');
    expect(await store.retireMaterial(KEY, 1)).toBe('already');
  });
});

describe('many generations', () => {
  it('of passphrases leave no more tags than a secret takes', async () => {
    const { passphrases } = account.store();
    for (let generation = 1; generation <= 60; generation++) {
      expect(await passphrases.put(KEY, generation, new Secret(`of ${generation}`))).toBe('created');
      if (generation > 1) await passphrases.retire(KEY, generation - 1);
    }
    expect(await passphrases.retire(KEY, 59)).toBe('already');
    await expect(passphrases.put(KEY, 59, new Secret('again'))).rejects.toMatchObject({ code: 'gone' });
    expect((await passphrases.read(KEY, 60)).revealText()).toBe('of 60');
  });
});
