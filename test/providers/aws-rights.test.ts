import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import {
  type Account,
  anAccount,
  aPair,
  established,
  KEY,
  printedPolicy,
  RECORD,
  SECRET,
  signIn,
} from './aws-account.ts';

/** Who may do what, and what examining a store finds. */

let aws: FakeSecretsManager;
let account: Account;

beforeEach(async () => {
  ({ aws, account } = await anAccount());
});
afterEach(() => aws.close());

describe('rights', () => {
  it('a planner sees everything planning needs, and no private half', async () => {
    await (await established(account.store())).putEvidence(KEY, 1, 'seen dead');
    aws.grant('AKIAPLANNER', [await printedPolicy('planner', '--account-id', '123456789012')]);
    signIn('AKIAPLANNER');
    const before = aws.requests.length;
    const reader = account.reader();
    expect(await reader.listKeys()).toEqual([KEY]);
    expect(await reader.readRecord(KEY)).toMatchObject({ revision: 1 });
    expect(await reader.listGenerations(KEY)).toEqual([1]);
    expect(await reader.statMaterial(KEY, 1)).toMatchObject({ state: 'live' });
    expect(await reader.statCurrent(KEY)).toBe(1);
    expect(await reader.readEvidence(KEY, 1)).toBe('seen dead');
    expect(await reader.examine()).toEqual([]);
    const values = aws.requests.slice(before).filter(({ operation }) => operation === 'GetSecretValue');
    expect(values.filter(({ input }) => input.SecretId?.startsWith('keyturn/keys/'))).toEqual([]);
    const store = account.store();
    await expect(store.readMaterial(KEY, 1)).rejects.toMatchObject({ code: 'denied' });
    await expect(store.writeRecord(KEY, 'two', 1)).rejects.toMatchObject({ code: 'denied' });
  });

  it('an application reads its current key, and neither another label nor another key', async () => {
    const store = await established(account.store());
    await store.putMaterial('desk/other', 1, await aPair());
    aws.grant('AKIACONSUMER', [await printedPolicy('consumer', '--key', KEY)]);
    signIn('AKIACONSUMER');
    const { SecretsManager } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManager({ region: aws.region, endpoint: aws.url });
    const read = (SecretId: string, VersionStage: string) =>
      client.getSecretValue({ SecretId, VersionStage }).then(
        () => 'read',
        (error: Error) => error.name,
      );
    expect(await read(SECRET, 'AWSCURRENT')).toBe('read');
    expect(await read(SECRET, 'keyturn-g1')).toBe('AccessDeniedException');
    expect(await read('keyturn/keys/desk/other', 'AWSCURRENT')).toBe('AccessDeniedException');
    expect(await read(RECORD, 'AWSCURRENT')).toBe('AccessDeniedException');
    client.destroy();
  });
});

describe('a secret that is not keyturn’s alone', () => {
  const table: Record<string, [object, RegExp]> = {
    'aws-rotated': [{ rotationEnabled: true }, /cancel-rotate-secret/],
    'aws-managed': [{ owningService: 'rds' }, /another prefix/],
    'aws-replicated': [{ replicas: ['eu-central-1'] }, /remove-regions-from-replication/],
    'aws-being-deleted': [{ deletedAt: 1 }, /restore-secret/],
  };
  it.each(Object.entries(table))('%s is refused, untouched, and found by examining', async (code, [traits, hint]) => {
    const store = await established(account.store());
    for (const name of [SECRET, RECORD]) Object.assign(aws.service.secret(name), traits);
    const before = structuredClone(aws.service.secret(SECRET));
    const pair = await aPair();
    for (const use of [
      () => store.writeRecord(KEY, 'two', 1),
      () => store.putMaterial(KEY, 2, pair),
      () => store.promote(KEY, { from: null, to: 1, apiKey: 'id-1' }),
      () => store.retireMaterial(KEY, 1),
      () => store.putEvidence(KEY, 1, 'dead'),
    ])
      await expect(use()).rejects.toMatchObject({ code: 'refused' });
    expect(aws.service.secret(SECRET)).toEqual(before);
    const findings = await store.examine();
    expect(findings).toHaveLength(2);
    for (const finding of findings) {
      expect(finding).toMatchObject({ code, severity: 'error', key: KEY, hint: expect.stringMatching(hint) });
    }
  });

  it('is a replica when its primary region is another one', async () => {
    const store = await established(account.store());
    Object.assign(aws.service.secret(SECRET), { primaryRegion: 'us-east-1' });
    await expect(store.retireMaterial(KEY, 1)).rejects.toMatchObject({ hint: 'set region: us-east-1 in keyturn.yaml' });
  });
});

describe('examining', () => {
  it('finds nothing wrong with a store that works', async () => {
    expect(await (await established(account.store())).examine()).toEqual([]);
  });

  it('names every right that is missing', async () => {
    await established(account.store());
    aws.grant('AKIACONSUMER', [await printedPolicy('consumer')]);
    signIn('AKIACONSUMER');
    const findings = await account.reader().examine();
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['aws-denied']));
    expect(findings.map(({ hint }) => /secretsmanager:\w+/.exec(hint)?.[0])).toEqual([
      'secretsmanager:DescribeSecret',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:ListSecrets',
    ]);
  });

  it('throws where nobody answers, as every other look does', async () => {
    aws.fault('DescribeSecret', { error: 'InternalServiceError', status: 500 }, 3);
    await expect(account.reader().examine()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('finds a version that somebody else made current', async () => {
    const store = await established(account.store());
    const SecretString = 'by hand';
    aws.service.operations.PutSecretValue?.({ SecretId: SECRET, ClientRequestToken: 'f'.repeat(32), SecretString });
    expect(await store.examine()).toMatchObject([{ code: 'aws-foreign-version', severity: 'error', key: KEY }]);
  });

  it.each([
    ['aws-denied', () => aws.reject('AKIAADMIN', 'ExpiredTokenException')],
    ['aws-clock', () => Object.assign(aws.service, { ahead: 3 * 60_000 })],
  ])('finds %s', async (code, arrange) => {
    arrange();
    expect(await account.reader().examine()).toMatchObject([{ code, severity: 'error' }]);
  });
});
