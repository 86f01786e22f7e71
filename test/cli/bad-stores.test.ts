import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { vaultPolicy } from '../../providers/stores/vault.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../programs/fault-proxy.ts';
import { describeWith } from '../programs/index.ts';
import {
  type Fault as AwsFault,
  type FakeSecretsManager,
  startSecretsManager,
} from '../programs/secrets-manager-fake/server.ts';
import { printedPolicy, REGION } from '../providers/aws-account.ts';
import { deadPort } from '../providers/loopback.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** A store that is not as it should be: one sentence that says what to do, and a key in another store is none the worse. */

interface Row {
  /** Options of the store, over those that work. */
  options?: object | (() => Promise<object>);
  says: RegExp;
  todo: RegExp;
}

const BAD = 'desk/spot';
const GOOD = 'other/spot';

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'unused'], { cwd: folder });
  await rm(join(folder, 'policies/unused.yaml'));
  for (const [account, store] of [
    ['desk', 'bad'],
    ['other', 'local'],
  ])
    await writeFile(
      join(folder, `policies/${account}.yaml`),
      `apiVersion: keyturn/v1
account: ${account}
venue: binance
store: ${store}
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`,
    );
});
afterEach(() => close());

interface Summary {
  key: string;
  actions: { action: string; outcome: string; message: string }[];
  error: string | null;
}

/** Both keys made, then a pass with the one store broken; with it mended everything is as before. */
async function expectSaid(store: object, env: NodeJS.ProcessEnv, { says, todo }: Row): Promise<void> {
  const run = (...args: string[]) => keyturn(args, { cwd: folder, env });
  const configure = (bad: object) =>
    writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\nstores: { bad: ${JSON.stringify(bad)} }\n`);
  const reasons = async () => {
    const { keys } = JSON.parse((await run('plan', '-o', 'json')).stdout) as {
      keys: { key: string; reason: string }[];
    };
    return Object.fromEntries(keys.map(({ key, reason }) => [key, reason]));
  };
  const mended = { kind: 'directory', path: 'mended' };
  await configure(mended);
  expect((await run('apply', '--yes')).status).toBe(0);

  await configure(store);
  const { status, stdout, stderr } = await run('apply', '--yes', '-o', 'json');
  const keys = JSON.parse(stdout).keys as Summary[];
  const bad = keys.find(({ key }) => key === BAD);
  const said = `${bad?.error ?? ''} ${bad?.actions.map(({ message }) => message).join(' ') ?? ''} ${stderr}`;
  expect(said).toMatch(says);
  expect(said).toMatch(todo);
  expect(said).not.toMatch(/this is a bug|at .*\.js:\d+/);
  expect(status).toBe(1);

  expect(keys.find(({ key }) => key === GOOD)).toMatchObject({ error: null });
  expect(await reasons()).toMatchObject({ [GOOD]: 'waiting-for-registration' });
  await configure(mended);
  expect(await reasons()).toEqual({ [BAD]: 'waiting-for-registration', [GOOD]: 'waiting-for-registration' });
}

describeWith(['bao'], 'Vault', () => {
  const QUOTA = 'sys/quotas/rate-limit/few';
  let bao: Bao;
  let proxy: FaultProxy;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    bao = await startBao();
    proxy = await startFaultProxy({ upstream: bao.address, ca: await readFile(bao.ca) });
    await bao.api('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } });
    for (const role of ['worker', 'planner'] as const) {
      await bao.writePolicy(role, vaultPolicy(role, { mount: 'secret', prefix: 'keyturn' }));
      tokens[role] = await bao.tokenFor(role);
    }
    await bao.writePolicy('everything', 'path "*" { capabilities = ["create", "read", "update", "list"] }');
    tokens.everything = await bao.tokenFor('everything');
    tokens.revoked = await bao.tokenFor('worker');
    await bao.api('POST', 'auth/token/revoke', { token: tokens.revoked });
  });
  afterEach(async () => {
    proxy.heals();
    await bao.api('DELETE', QUOTA);
  });
  afterAll(() => Promise.all([proxy?.close(), bao?.stop()]));

  const as = (token: string) => ({ auth: { kind: 'token', token: { env: token.toUpperCase() } } });
  const through = (fits: RegExp, fault: Fault) => async () => {
    proxy.breaks(fits, fault, 1_000);
    return { address: proxy.address };
  };
  const rows: Record<string, Row> = {
    'where nobody listens': {
      options: async () => ({ address: `https://127.0.0.1:${await deadPort()}` }),
      says: /Vault did not .*ECONNREFUSED/,
      todo: /address/,
    },
    'at another mount than there is': {
      options: { mount: 'nowhere', ...as('everything') },
      says: /nowhere/,
      todo: /mount/,
    },
    'with KV version 1': {
      options: { mount: 'old', ...as('everything') },
      says: /KV version 1/,
      todo: /enable-versioning/,
    },
    'with a login that is over': { options: as('revoked'), says: /permission denied \(403\)/, todo: /expired/ },
    'without the right to write': { options: as('planner'), says: /403/, todo: /keyturn policy vault/ },
    'that finds a pair too large': {
      options: through(/^(POST|PUT) .*\/gen\/1/, { kind: 'answer', status: 413 }),
      says: /too large for the server \(413\)/,
      todo: /max_request_size/,
    },
    'that wants fewer requests': {
      options: async () => {
        await bao.api('POST', QUOTA, { path: 'secret', rate: 1, interval: '1h' });
        await bao.ask('GET', 'secret/config');
        return {};
      },
      says: /\(429\)/,
      todo: /run again later|rate limit quota/,
    },
    'whose certificate another authority signed': {
      options: { ca: undefined },
      says: /certificate does not hold/,
      todo: /let ca name/,
    },
  };
  it.each(Object.entries(rows))('%s', async (_, row) => {
    const options = typeof row.options === 'function' ? await row.options() : row.options;
    const store = { kind: 'vault', address: bao.address, ca: bao.ca, ...as('worker'), ...options };
    const env = Object.fromEntries(Object.entries(tokens).map(([role, token]) => [role.toUpperCase(), token]));
    await expectSaid(store, env, row);
  });
});

describe('AWS', () => {
  let aws: FakeSecretsManager;
  beforeEach(async () => {
    aws = await startSecretsManager(REGION);
  });
  afterEach(() => aws.close());

  const failing = (operation: string, fault: AwsFault) => async () => {
    aws.fault(operation, fault, 1_000);
    return {};
  };
  const rows: Record<string, Row> = {
    'where nobody listens': {
      options: async () => ({ endpoint: `http://127.0.0.1:${await deadPort()}` }),
      says: /cannot be reached/,
      todo: /endpoint in keyturn\.yaml/,
    },
    'of another region': {
      options: { region: 'us-east-1' },
      says: /us-east-1|credentials/,
      todo: /region|credentials/,
    },
    'with a login that is over': {
      options: async () => {
        aws.reject('AKIAWORKER', 'ExpiredTokenException');
        return {};
      },
      says: /expired/,
      todo: /sign in again|log in|renew|credentials/,
    },
    'without the right to write': {
      options: async () => {
        aws.grant('AKIAWORKER', [await printedPolicy('planner')]);
        return {};
      },
      says: /AccessDeniedException/,
      todo: /keyturn policy iam/,
    },
    'that refuses a name': {
      options: failing('CreateSecret', { error: 'ValidationException' }),
      says: /does not take this name or value/,
      todo: /another prefix/,
    },
    'that finds a value too large': {
      options: failing('PutSecretValue', { error: 'ValidationException' }),
      says: /does not take this name or value/,
      todo: /values 65,536 bytes/,
    },
    'that has no room for another version': {
      options: failing('PutSecretValue', { error: 'LimitExceededException' }),
      says: /a limit of AWS is reached/,
      todo: /100 versions in 24 hours/,
    },
    'that throttles the account': {
      options: failing('GetSecretValue', { error: 'ThrottlingException' }),
      says: /ThrottlingException/,
      todo: /run again|less often|fewer/,
    },
  };
  it.each(Object.entries(rows))('%s', async (_, row) => {
    const options = typeof row.options === 'function' ? await row.options() : row.options;
    const store = { kind: 'aws-secrets-manager', region: REGION, endpoint: aws.url, ...options };
    await expectSaid(store, { AWS_ACCESS_KEY_ID: 'AKIAWORKER', AWS_SECRET_ACCESS_KEY: 'not-checked' }, row);
  });

  it('whose names AWS would refuse: nothing is sent', async () => {
    const store = { kind: 'aws-secrets-manager', region: REGION, endpoint: aws.url, prefix: 'clés' };
    await writeFile(
      join(folder, 'keyturn.yaml'),
      `apiVersion: keyturn/v1\nstores: { bad: ${JSON.stringify(store)} }\n`,
    );
    const { status, stderr } = await keyturn(['apply', '--yes'], { cwd: folder });
    expect(status).toBe(65);
    expect(stderr).toMatch(/keyturn\.yaml:2:\d+ .*must be made of letters, digits and _\+=\.@-/);
    expect(aws.requests).toEqual([]);
  });
});
