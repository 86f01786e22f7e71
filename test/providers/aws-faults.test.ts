import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAws } from '../../providers/stores/aws.ts';
import { systemClock } from '../../src/clock.ts';
import { isKeyturnError } from '../../src/errors.ts';
import type { Store } from '../../src/ports/store.ts';
import { writeRecord } from '../../src/records.ts';
import { aRecord } from '../build.ts';
import { type FakeSecretsManager, type Fault, startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { type Account, accountAt, anAccount, aPair, established, KEY, signIn } from './aws-account.ts';
import { deadPort, serve } from './loopback.ts';

/** What AWS and the network do to requests, and what keyturn then says. */

let aws: FakeSecretsManager;
let account: Account;

beforeEach(async () => {
  ({ aws, account } = await anAccount());
});
afterEach(() => aws.close());

describe('what fails on the way', () => {
  const write = (store: Store) => store.writeRecord(KEY, 'two', 1);
  const once: Record<string, Fault> = {
    'a reset before the request was applied': { connection: 'reset', applied: false },
    'a reset after the request was applied': { connection: 'reset', applied: true },
    'an internal error before': { error: 'InternalServiceError', status: 500 },
    'an internal error after': { error: 'InternalServiceError', status: 500, applied: true },
    'a service that is unavailable': { error: 'ServiceUnavailable', status: 503 },
    throttling: { error: 'ThrottlingException' },
    'an answer that never comes': { connection: 'hang', applied: false },
    'an answer that never comes though it was applied': { connection: 'hang', applied: true },
  };
  it.each(Object.entries(once))('%s is got over by asking again, and nothing is written twice', async (_, fault) => {
    const store = await established(account.store({ request: 400 }));
    aws.fault('PutSecretValue', fault);
    expect(await write(store)).toBe(2);
    expect(await store.readRecord(KEY)).toEqual({ text: 'two', revision: 2 });
  });

  it.each(Object.entries(once).filter(([title]) => title !== 'throttling'))(
    '%s three times is unavailable with an unknown outcome, and looking tells it',
    async (_, fault) => {
      const store = account.store({ request: 300 });
      await store.writeRecord(KEY, 'one', 'absent');
      aws.fault('PutSecretValue', fault, 3);
      await expect(write(store)).rejects.toMatchObject({ code: 'unavailable', ambiguous: true });
      expect((await store.readRecord(KEY))?.text).toBe(fault.applied ? 'two' : 'one');
      aws.fault('DescribeSecret', { connection: 'reset', applied: false }, 3);
      await expect(store.statCurrent(KEY)).rejects.toMatchObject({ code: 'unavailable', ambiguous: false });
    },
  );

  it('a lost answer is found again by the write id', async () => {
    const store = account.store();
    const first = await writeRecord(store, systemClock, null, aRecord({ roles: {}, key: KEY }));
    aws.fault('PutSecretValue', { connection: 'reset', applied: true }, 3);
    expect(await writeRecord(store, systemClock, first, first)).toMatchObject({ revision: 2 });
  });

  it('a hanging service ends by its timeout, on every attempt', async () => {
    const store = await established(account.store({ request: 250 }));
    aws.fault('DescribeSecret', { connection: 'hang', applied: false }, 3);
    const begun = performance.now();
    await expect(store.statCurrent(KEY)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no answer in time'),
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it('throttling that does not end is throttled, not applied, with the pause it wants', async () => {
    const store = await established(account.store());
    aws.fault('PutSecretValue', { error: 'ThrottlingException', retryAfter: 1 }, 3);
    await expect(write(store)).rejects.toMatchObject({ code: 'throttled', retryAfter: 1 });
    expect(await store.readRecord(KEY)).toMatchObject({ revision: 1 });
  });

  it('a redirect is not followed', async () => {
    const elsewhere = await startSecretsManager();
    const redirecting = await serve((_, response) => void response.writeHead(307, { location: elsewhere.url }).end());
    await expect(accountAt(redirecting.url).store().check('records')).rejects.toMatchObject({ code: 'refused' });
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });
});

describe('what AWS refuses is said in one sentence, with what to do', () => {
  const denied = (accessKeyId: string, error: string) => () => {
    signIn(accessKeyId);
    aws.reject(accessKeyId, error);
    return account.store().check('records');
  };
  const faulty = (error: string, message?: string) => () => {
    aws.fault('DescribeSecret', { error, ...(message ? { message } : {}) }, 3);
    return account.store().check('records');
  };
  const table: Record<string, [fails: () => Promise<unknown>, code: string, message: RegExp, hint: RegExp]> = {
    'a missing right': [
      faulty('AccessDeniedException'),
      'denied',
      /does not allow/,
      /secretsmanager:DescribeSecret.*keyturn policy iam/,
    ],
    'a KMS key': [faulty('AccessDeniedException', 'Access to KMS is not allowed'), 'denied', /KMS key/, /kms:Decrypt/],
    'expired credentials': [denied('AKIAOLD', 'ExpiredTokenException'), 'denied', /have expired/, /log in again/],
    'unknown credentials': [
      denied('AKIANOBODY', 'UnrecognizedClientException'),
      'denied',
      /does not accept/,
      /access key/,
    ],
    'a reached limit': [faulty('LimitExceededException'), 'quota', /limit of AWS/, /20 staging labels/],
    'an answer nobody knows': [faulty('SomethingNewException'), 'refused', /refuses/, /doctor/],
    'no credentials': [
      () => {
        signIn(null);
        return account.store().check('records');
      },
      'denied',
      /no AWS credentials/,
      /AWS_PROFILE/,
    ],
    'another region': [
      async () => {
        return openAws({ region: 'us-east-1', endpoint: aws.url }, { clock: systemClock }).store.check('records');
      },
      'denied',
      /in us-east-1/,
      /region/,
    ],
    'a region nobody answers for': [
      async () =>
        accountAt(`http://127.0.0.1:${await deadPort()}`)
          .store()
          .check('records'),
      'unavailable',
      /cannot be reached/,
      /region eu-west-1 is right/,
    ],
    'a name that AWS does not take': [
      () => {
        aws.fault('CreateSecret', { error: 'ValidationException' });
        return account.store().writeRecord(KEY, 'one', 'absent');
      },
      'invalid',
      /does not take this name/,
      /prefix/,
    ],
    'a value that is too large': [
      () => account.store().putEvidence(KEY, 1, 'x'.repeat(65_537)),
      'quota',
      /65537 bytes/,
      /nothing was sent/,
    ],
    'prefixes that overlap': [
      async () => {
        return openAws(
          { region: 'eu-west-1', prefix: 'keyturn', recordPrefix: 'keyturn/records' },
          { clock: systemClock },
        ).store;
      },
      'invalid',
      /overlap/,
      /of their own/,
    ],
  };
  it.each(Object.entries(table))('%s', async (_, [fails, code, message, hint]) => {
    await expect(fails()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

it('no secret shows in any error, however it is printed', async () => {
  const pair = await aPair();
  const secrets = [
    pair.passphrase?.revealText() ?? '',
    pair.privateKey.revealText().split('\n')[2] ?? '',
    'not-checked',
  ];
  const message = `could not store ${secrets.join(' ')}`;
  const faults: Fault[] = [
    { connection: 'reset', applied: false },
    { error: 'InternalServiceError', status: 500, message },
    { error: 'AccessDeniedException', message },
    { error: 'ValidationException', message },
    { error: 'ThrottlingException', message },
  ];
  const printed = await Promise.all(faults.map((fault) => errorsOf(fault)));
  expect(printed.flat()).toHaveLength(100);
  for (const secret of secrets) expect(printed.flat().some((text) => text.includes(secret))).toBe(false);

  /** Storing and promoting, stopped at each of its writes and reads. */
  async function errorsOf(fault: Fault): Promise<string[]> {
    const own = await startSecretsManager();
    const store = accountAt(own.url).store({ settle: 100 });
    const texts: string[] = [];
    for (const operation of ['CreateSecret', 'PutSecretValue', 'GetSecretValue', 'UpdateSecretVersionStage']) {
      own.fault(operation, fault, 3);
      const error: unknown = await store
        .putMaterial(`desk/${operation.toLowerCase()}`, 1, pair)
        .then(() => store.promote(`desk/${operation.toLowerCase()}`, { from: null, to: 1, apiKey: 'id-1' }))
        .catch((thrown: unknown) => thrown);
      own.fault(operation, fault, 0);
      expect(isKeyturnError(error)).toBe(true);
      const { message: said, stack = '', hint } = error as Error & { hint: string };
      texts.push(inspect(error, { depth: null, showHidden: true }), JSON.stringify(error), said, stack, hint);
    }
    await own.close();
    return texts;
  }
});
